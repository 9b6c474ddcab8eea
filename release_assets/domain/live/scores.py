"""One scorer's scores of one batch of live traffic, in columns: a look may hold thousands of them.

Facts only: `observations.py` fills them, `bets.py` and `gaps.py` bet on them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Drops:
    """Pairs and blocks with usable scores on both sides.

    A drop is stable minus candidate, in [-1, 1]: how much worse the candidate is.
    """

    units: Sequence[str]
    candidate: Array
    stable: Array
    slices: Sequence[Mapping[str, str]]

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
        parts = zip(values, (order[a:b] for a, b in itertools.pairwise(ends)), strict=True)
        if each_once(self.units):
            return {value: (self.candidate[part], self.stable[part]) for value, part in parts}
        return {value: self._means(part) for value, part in parts}

    def _means(self, part: NDArray[np.intp]) -> Sides:
        units = [self.units[at] for at in part.tolist()]
        return unit_means(units, self.candidate[part]), unit_means(units, self.stable[part])


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """All scores of one scorer in one batch.

    `levels` are the candidate's scores. `missing` holds candidate missing minus stable missing: a
    judge that is down for both arms is no evidence about the release. `lost` counts candidate and
    stable answers without a usable score, missing or not, as if both arms had had `seen` answers.
    `unusable` scores are the scorer's fault, so they are no evidence either.
    """

    drops: Drops
    levels: Column
    missing: Column
    lost: tuple[float, float]
    seen: int
    unusable: int


def column(scores: Sequence[float | None]) -> Array:
    """Return scores as numbers, those that are missing as NaN."""
    return np.asarray(scores, dtype=np.float64)


def are_usable(scores: Array) -> NDArray[np.bool_]:
    """Return which scores are numbers in 0..1: not NaN, neither infinity."""
    usable: NDArray[np.bool_] = (scores >= 0) & (scores <= 1)
    return usable


def are_missing(scores: Sequence[float | None]) -> Array:
    """Return one for each score that is None, else zero."""
    if None not in scores:
        return np.zeros(len(scores))
    return np.asarray([score is None for score in scores], dtype=np.float64)


def together(one: Scores, other: Scores) -> Scores:
    """Join pairs and blocks of the same scorer and batch."""
    return Scores(
        drops=Drops(
            units=[*one.drops.units, *other.drops.units],
            candidate=np.append(one.drops.candidate, other.drops.candidate),
            stable=np.append(one.drops.stable, other.drops.stable),
            slices=[*one.drops.slices, *other.drops.slices],
        ),
        levels=_joined(one.levels, other.levels),
        missing=_joined(one.missing, other.missing),
        lost=(one.lost[0] + other.lost[0], one.lost[1] + other.lost[1]),
        seen=one.seen + other.seen,
        unusable=one.unusable + other.unusable,
    )


def _joined(one: Column, other: Column) -> Column:
    return Column([*one.units, *other.units], np.append(one.values, other.values))
