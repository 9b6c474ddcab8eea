"""Units and blocks: what may be bet on as one independent observation.

A session is one observation however many calls it holds (calls of a session are alike: betting on
each made 28 % of harmless releases look bad). A block compares equal numbers of two groups in the
same look, so a common cause of both cancels (E4). Order comes from a hash of the unit, never from
its value: grouping by value would bias the block.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from release_assets.domain.statistics.bets import Array


def place_of(unit: str) -> tuple[int, str]:
    """Where a unit stands among others; says nothing about its value."""
    return zlib.crc32(unit.encode()), unit


def unit_means(observations: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each unit, in the order of `observations`, which come sorted by `place_of`."""
    rows = list(observations)
    firsts = dict(rows)
    if len(firsts) == len(rows):  # most often each unit comes once
        return firsts
    values: dict[str, list[float]] = {}
    for unit, value in rows:
        values.setdefault(unit, []).append(value)
    return {unit: _mean(seen) for unit, seen in values.items()}


def _mean(values: list[float]) -> float:
    return values[0] if len(values) == 1 else sum(sorted(values)) / len(values)


def numbers(means: Mapping[str, float]) -> Array:
    """The means alone, in their order."""
    return np.fromiter(means.values(), dtype=np.float64, count=len(means))


def balanced(left: Array, right: Array) -> tuple[Array, Array]:
    """As many observations of one side as of the other: the longer side is averaged in groups."""
    few = min(len(left), len(right))
    return _grouped(left, few), _grouped(right, few)


def _grouped(values: Array, groups: int) -> Array:
    if groups in {0, len(values)}:
        return values[:groups]
    starts = np.arange(groups) * len(values) // groups
    means: Array = np.add.reduceat(values, starts) / np.diff(starts, append=len(values))
    return means
