"""Evidence by betting: twelve constant bets on each stream, their wealth kept in logs.

Each bet risks a fixed fraction of what can be lost; under the null its wealth is a nonnegative
supermartingale, so it reaches 1/alpha with probability alpha at most, whenever one looks
(docs/methods.md, E1, E2). Bets never adapt to the data: an adaptive bet is not safe when the mean
moves (docs/methods.md, E9). Counts are the same bet written with multiplicities, and an unbounded
cost needs no cap on this side (docs/methods.md, E5, E8).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]
MOST_LOG = 700.0  # exp of more overflows; more evidence is of no use to a reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Bets as fractions of the largest allowed one, and the share of wealth on each."""

    fractions: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def log_weights(self) -> Array:
        """Return the natural logs of the shares."""
        logs: Array = np.log(np.asarray(self.weights))
        return logs


def _bump(places: Array, *, centre: float, spread: float) -> tuple[float, ...]:
    """Return log-normal shares, of sum one."""
    bump = np.exp(-0.5 * (np.log(places / centre) / spread) ** 2)
    return tuple((bump / bump.sum()).tolist())


def log_normal_grid(*, low: float, high: float, centre: float, spread: float) -> Grid:
    """Return twelve fractions in geometric steps with log-normal weights (docs/methods.md, R3)."""
    fractions = np.geomspace(low, high, 12)
    weights = _bump(fractions, centre=centre, spread=spread)
    return Grid(fractions=tuple(fractions.tolist()), weights=weights)


# Tuned on drops of .05, .08 and .15 (benchmarks/live_judgement): within 1.2 to 1.4 times the
# samples of the best bet for that drop. A wider bump finds the smallest drops a little earlier and
# all others later.
LEVEL = log_normal_grid(low=0.01, high=0.9, centre=0.09, spread=0.7)
DIFFERENCE = log_normal_grid(low=0.08, high=0.95, centre=0.45, spread=0.45)

# Rare events are bet on by how many times the limit their rate may be: 1.2 to 50 times.
_RATIOS = 1 + 0.2 * np.geomspace(1, 245, 12)
_COUNT_WEIGHTS = _bump(_RATIOS - 1, centre=1.1, spread=0.7)


@cache
def count_grid(limit: float) -> Grid:
    """Return bets against "the rate is at most `limit`", one a ratio, as far as it is a rate."""
    fractions = np.minimum(0.9, (_RATIOS - 1) * limit / (1 - limit))
    return Grid(fractions=tuple(fractions.tolist()), weights=_COUNT_WEIGHTS)


# For proof: two fifths of the wealth on the boldest bet, the best one while nothing is lost; 0.04
# is proven by 94 clean observations a window and 0.03 by 125 (no method can by 73 and 98). A third
# on the bet that suits two arms without replay: of releases with no drop 97.5 % are promoted there,
# of those that lose exactly the limit in replays 0.14 % (8,000 ramps, benchmarks/live_judgement).
PROOF = Grid(
    fractions=(0.1, 0.2, 0.33, 0.55, 0.995),
    weights=(0.03, 0.12, 0.33, 0.12, 0.4),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bet:
    """What one look gives one stream to win or lose.

    `gains` are observations minus the null, turned so that a positive one wins; none is below
    `-bound`. `times` counts how often each gain was seen (once when None).
    """

    gains: Array
    bound: float
    grid: Grid
    times: Array | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Distinct:
    """The distinct values of some groups of numbers, by group, and how often each came.

    Most scores have a few values only, and nothing depends on the order in which they came.
    """

    values: Array
    of: NDArray[np.intp]
    times: Array
    groups: int

    @classmethod
    def of_groups(cls, groups: Sequence[Array], times: Sequence[Array | None] = ()) -> Distinct:
        """Sort numbers that came once each, or as often as `times` has it (None: once)."""
        sizes = [len(group) for group in groups]
        of = np.repeat(np.arange(len(groups)), sizes)
        values = np.concatenate([*groups, np.zeros(0)])
        each = _each(sizes, times)
        order = np.lexsort((each, values, of))
        values, of, each = values[order], of[order], each[order]
        is_new = np.ones(len(values), dtype=np.bool_)
        is_new[1:] = (values[1:] != values[:-1]) | (of[1:] != of[:-1])
        first = np.flatnonzero(is_new)
        counts = np.add.reduceat(each, first) if len(first) else each
        return cls(values=values[first], of=of[first], times=counts, groups=len(groups))

    def log_growth(self, gains: Array, fractions: Array) -> Array:
        """Return how much the wealth of each bet grew in each group, in logs: one column a bet.

        `gains` stand for `values`; `fractions` of the wealth are risked per unit of gain, a row for
        each gain or one for all.
        """
        grown = np.log1p(gains[:, None] * fractions) * self.times[:, None]
        return _summed(grown, np.bincount(self.of, minlength=self.groups))

    def total(self, numbers: Array) -> Array:
        """Return the sum over each group of numbers that stand for `values`."""
        weights = numbers * self.times
        return np.bincount(self.of, weights=weights, minlength=self.groups).astype(np.float64)


def _each(sizes: Sequence[int], times: Sequence[Array | None]) -> Array:
    if all(counts is None for counts in times):
        return np.ones(sum(sizes))
    given = zip(sizes, times, strict=True)
    return np.concatenate([np.ones(n) if t is None else t for n, t in given])


def _summed(grown: Array, sizes: NDArray[np.intp]) -> Array:
    total = np.zeros((len(sizes), grown.shape[1]))
    filled = sizes > 0  # reduceat would repeat its neighbour for an empty group
    starts = (np.cumsum(sizes) - sizes)[filled]
    if len(starts):
        total[filled] = np.add.reduceat(grown, starts, axis=0)
    return total


def log_growth(bets: Sequence[Bet]) -> Array:
    """Return how much the wealth of each bet grew, in logs: one row a bet, one column a fraction.

    All grids have equally many fractions, and there is at least one bet.
    """
    seen = Distinct.of_groups([bet.gains for bet in bets], [bet.times for bet in bets])
    return seen.log_growth(seen.values, _fractions(bets)[seen.of])


def _fractions(bets: Sequence[Bet]) -> Array:
    """Return the fractions per unit of gain, one row a bet; few grids serve many bets."""
    grids = {id(bet.grid): bet.grid for bet in bets}
    of_grids = np.asarray([grid.fractions for grid in grids.values()])
    row = {name: at for at, name in enumerate(grids)}
    bounds = np.asarray([bet.bound for bet in bets])
    fractions: Array = of_grids[[row[id(bet.grid)] for bet in bets]] / bounds[:, None]
    return fractions


def log_sum(logs: Array) -> float:
    """Return the log of the sum of exponentials; minus infinity for nothing."""
    top = float(np.max(logs, initial=-np.inf))
    return top if np.isinf(top) else top + float(np.log(np.sum(np.exp(logs - top))))


def evidence(log_value: float) -> float:
    """Return the e-value of a log, kept finite for the reader."""
    return float(np.exp(min(log_value, MOST_LOG)))
