"""Bets on gaps between slices: how much more one loses than another, all ordered pairs at once.

Arithmetic only; whether a slice must be proven, `drops.py` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.bets import Growth
from release_assets.domain.live.streams import Stream
from release_assets.domain.statistics.bets import DIFFERENCE, PROOF, Distinct, Grid
from release_assets.domain.statistics.blocks import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.scores import Sides
    from release_assets.domain.live.streams import Bounds
    from release_assets.domain.rollout.slo import Slo
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.wealth import RowIndices

# A gap is asked of every ordered pair: "does x lose more than m above what y loses?"
#
# The obvious bet is on x - y, which lies in [-2, 2]: its bound is 2 + m, so it may risk only half
# as much as a bet on a drop, and earns half as fast. Instead the limit m is split over the two
# slices, which are bet on side by side in equal numbers: their wealth is multiplied by the product
# of 1 + b (x - m/2) and 1 - b (y + m/2), with a fixed b between 0 and 1 / (1 + m/2).
#
# Both factors are positive, and x and y are independent given the past, for no unit is in both
# slices of a pair. So the mean of the product is at most exp(b (E[x] - m/2)) times
# exp(-b (E[y] + m/2)), that is exp(b (E[x] - E[y] - m)): at most one whenever the gap is at most m,
# whatever both slices lose in common. The proof of "less than the margin" is the same with all
# signs turned.
#
# The logs of the factors add up, so no pair needs arithmetic of its own: the growth of a slice,
# once as the worse side and once as the better, serves every pair it is in (docs/methods.md, R12).
# The 462 pairs of 22 slices cost little more than the 22 slices.


def slice_growth(
    slo: Slo, scorer: str, of_slices: Mapping[str, Sides], *, alone: Bounds, gap: Bounds
) -> Growth:
    """Bet on each slice against its own stable answers, then on each ordered pair of slices."""
    slices = _Slices.of([stable - candidate for candidate, stable in of_slices.values()])
    streams = _streams(slo.group, scorer, tuple(of_slices))
    return Growth(
        streams=streams,
        log_weights=np.tile(DIFFERENCE.log_weights, (len(streams), 1)),
        against=slices.growth(alone.tolerated, gap.tolerated, DIFFERENCE),
        proof=slices.growth(alone.margin, gap.margin, PROOF, sign=-1),
        sums=np.concatenate([_sums(of_slices), slices.sums()]),
    )


@lru_cache(maxsize=64)  # the same slices come look after look
def _streams(group: str, scorer: str, names: tuple[str, ...]) -> tuple[Stream, ...]:
    drops = [Stream(group, scorer, "drop", name) for name in names]
    gaps = [Stream(group, scorer, "gap", *pair) for pair in permutations(names, 2)]
    return (*drops, *gaps)


def _sums(of_slices: Mapping[str, Sides]) -> Array:
    """Return a row of `bets.Sums` for each slice."""
    sizes = np.asarray([len(candidate) for candidate, _ in of_slices.values()], dtype=np.intp)
    ours, theirs = (np.concatenate([s[arm] for s in of_slices.values()]) for arm in (0, 1))
    lost = theirs - ours
    columns = np.stack([np.ones(len(lost)), lost, lost**2, ours, theirs])
    sums: Array = np.add.reduceat(columns, np.cumsum(sizes) - sizes, axis=1).T
    return sums


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slices:
    """The drops of slices, each in every number of observations that is compared.

    `alone`, `worse` and `better` are groups of `drops`: all of each slice, and the two sides of
    each ordered pair, which have `n` observations each.
    """

    drops: Distinct
    alone: RowIndices
    worse: RowIndices
    better: RowIndices
    n: Array

    @classmethod
    def of(cls, lost: list[Array]) -> _Slices:
        # n[i, j] is how many observations of slice i are compared with slice j: as many as the
        # smaller of the two has, the larger one averaged in groups. On the diagonal a slice is
        # compared with itself: that is all it has. Many of the pairs (i, n) are the same, so each
        # different one is averaged and bet on once; `group[i, j]` is the number of that one.
        sizes = np.asarray([len(drops) for drops in lost], dtype=np.intp)
        n = np.minimum.outer(sizes, sizes)
        # (As one index each: `np.unique(axis=0)` of the pairs would take a tenth of a look.)
        slices, others = np.indices(n.shape)
        shape = (len(lost), int(sizes.max()) + 1)
        wanted, group = np.unique(np.ravel_multi_index((slices, n), shape), return_inverse=True)
        group, is_pair = group.reshape(n.shape), slices != others
        parts = zip(*np.unravel_index(wanted, shape), strict=True)
        return cls(
            drops=Distinct.of_groups([grouped(lost[i], size) for i, size in parts]),
            alone=group.diagonal(),
            worse=group[is_pair],
            better=group.T[is_pair],
            n=n[is_pair].astype(np.float64),
        )

    def growth(self, alone: float, gap: float, grid: Grid, sign: int = 1) -> Array:
        """Bet on drops above `alone` and gaps above `gap`, or below them with sign -1."""
        lost, fractions, half = sign * self.drops.values, np.asarray(grid.fractions), sign * gap / 2
        by_itself = self.drops.log_growth(lost - sign * alone, fractions / (1 + sign * alone))
        as_worse = self.drops.log_growth(lost - half, fractions / (1 + half))
        as_better = self.drops.log_growth(-lost - half, fractions / (1 + half))
        of_pairs = as_worse[self.worse] + as_better[self.better]
        return np.concatenate([by_itself[self.alone], of_pairs])

    def sums(self) -> Array:
        """Return a row of `bets.Sums` for each pair: the gap, and what each side lost.

        The squares are those of the difference of two independent sides.
        """
        n, values = self.n, self.drops.values
        totals, squares = self.drops.total(values), self.drops.total(values**2)
        worse, better = totals[self.worse], totals[self.better]
        spread = squares[self.worse] + squares[self.better] - 2 * worse * better / n
        return np.stack([n, worse - better, spread, worse, better], axis=1)
