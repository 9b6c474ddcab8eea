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


def unit_means(observations: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each unit, units in the order of their hash; blind to the order of arrival."""
    values: dict[str, list[float]] = {}
    for unit, value in observations:
        values.setdefault(unit, []).append(value)
    return {unit: _mean(values[unit]) for unit in sorted(values, key=_place)}


def _place(unit: str) -> tuple[int, str]:
    return zlib.crc32(unit.encode()), unit


def _mean(values: list[float]) -> float:
    return values[0] if len(values) == 1 else sum(sorted(values)) / len(values)


def balanced(left: Mapping[str, float], right: Mapping[str, float]) -> tuple[Array, Array]:
    """As many observations of one side as of the other: the longer side is averaged in groups."""
    few = min(len(left), len(right))
    return _grouped(left, few), _grouped(right, few)


def _grouped(values: Mapping[str, float], groups: int) -> Array:
    numbers = np.fromiter(values.values(), dtype=np.float64, count=len(values))
    if groups in {0, len(numbers)}:
        return numbers[:groups]
    starts = np.arange(groups) * len(numbers) // groups
    sizes = np.diff(starts, append=len(numbers))
    means: Array = np.add.reduceat(numbers, starts) / sizes
    return means
