"""One scorer's scores of one batch of live traffic, in columns: a look may hold thousands of them.

Facts only: `observations.py` fills them, `bets.py` and `gap_bets.py` bet on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from operator import add
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from release_assets.domain.statistics.blocks import each_once, unit_means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from release_assets.domain.statistics.bets import Array

Sides: TypeAlias = "tuple[Array, Array]"  # candidate and stable scores, one of each per unit


class Column(NamedTuple):
    """A number for each observation, and the unit that each belongs to."""

    units: Sequence[str]
    values: Array

    def means(self) -> Array:
        """Return one number a unit."""
        return unit_means(self.units, self.values)


class Comparisons(NamedTuple):
    """Numbers of both arms that may be compared, of pairs and of blocks.

    Of scores, a drop is stable minus candidate, in [-1, 1]: how much worse the candidate is.
    """

    units: Sequence[str]
    slices: Sequence[Mapping[str, str]]
    candidate: Array
    stable: Array

    def sides(self) -> Sides:
        """Return candidate and stable scores, one of each a unit."""
        return unit_means(self.units, self.candidate), unit_means(self.units, self.stable)

    def sides_by_slice(self, key: str) -> dict[str, Sides]:
        """Return the sides of the units with each value of a slice key, by value."""
        names = [slices.get(key) for slices in self.slices]
        values = sorted({name for name in names if name is not None})
        place: dict[str | None, int] = {value: at for at, value in enumerate(values)} | {None: -1}
        of = np.asarray([place[name] for name in names], dtype=np.intp)
        order = np.argsort(of, kind="stable")
        ends = np.searchsorted(of[order], np.arange(len(values) + 1)).tolist()
        parts = zip(values, (order[a:b] for a, b in pairwise(ends)), strict=True)
        if each_once(self.units):
            return {value: (self.candidate[part], self.stable[part]) for value, part in parts}
        return {value: self._means(part) for value, part in parts}

    def _means(self, part: NDArray[np.intp]) -> Sides:
        units = [self.units[at] for at in part.tolist()]
        return unit_means(units, self.candidate[part]), unit_means(units, self.stable[part])


class Faults(NamedTuple):
    """What became of one scorer's answers.

    `candidate_lost` and `stable_lost` count answers without a usable score, missing or not, as if
    both arms had had `seen` answers. `unusable` scores are the scorer's fault, so they are no
    evidence.
    """

    seen: float = 0.0
    unusable: float = 0.0
    candidate_lost: float = 0.0
    stable_lost: float = 0.0

    def plus(self, other: Faults) -> Faults:
        """Return the faults of both."""
        return Faults(*map(add, self, other))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """All scores of one scorer in one batch.

    `compared` are those that are usable on both sides, `levels` the candidate's. `missing` holds
    candidate missing minus stable missing: a judge that is down for both arms is no evidence about
    the release.
    """

    compared: Comparisons
    levels: Column
    missing: Column
    faults: Faults


def together(one: Scores, other: Scores) -> Scores:
    """Join pairs and blocks of the same scorer and batch."""
    return Scores(
        compared=joined([one.compared, other.compared]),
        levels=_column([one.levels, other.levels]),
        missing=_column([one.missing, other.missing]),
        faults=one.faults.plus(other.faults),
    )


def joined(parts: Sequence[Comparisons]) -> Comparisons:
    """Join comparisons, in their order."""
    return Comparisons(
        units=list(chain.from_iterable(part.units for part in parts)),
        slices=list(chain.from_iterable(part.slices for part in parts)),
        candidate=np.concatenate([*(part.candidate for part in parts), np.zeros(0)]),
        stable=np.concatenate([*(part.stable for part in parts), np.zeros(0)]),
    )


def _column(parts: Sequence[Column]) -> Column:
    units = list(chain.from_iterable(part.units for part in parts))
    return Column(units, np.concatenate([part.values for part in parts]))
