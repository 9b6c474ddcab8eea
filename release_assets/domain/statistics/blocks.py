"""Units and blocks: what may be bet on as one independent observation.

A session is one observation however many calls it holds (calls of a session are alike: betting on
each made 28 % of harmless releases look bad). A block compares equal numbers of two groups in the
same look, so a common cause of both cancels (docs/methods.md, E4, R8). Order comes from a hash of
the unit, never from its value: grouping by value would bias the block.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.statistics.bets import Array


def in_place_order(units: Sequence[str]) -> list[int]:
    """Return the positions of units by the order of their hashes; equal units stay as they came."""
    hashes = np.asarray([zlib.crc32(unit.encode()) for unit in units], dtype=np.uint32)
    order = np.argsort(hashes, kind="stable")
    in_order = hashes[order]
    if (in_order[1:] == in_order[:-1]).any():  # a session, or two units that share a hash
        return sorted(range(len(units)), key=lambda at: (hashes[at], units[at]))
    found: list[int] = order.tolist()
    return found


def each_once(units: Sequence[str]) -> bool:
    """Whether no unit comes twice: most often so."""
    return len(set(units)) == len(units)


def unit_means(units: Sequence[str], values: Array) -> Array:
    """Return the mean of each unit, in the order in which units first come.

    Nothing depends on the order of a unit's own values, to the last bit.
    """
    if each_once(units):
        return values
    gathered: dict[str, list[float]] = {}
    for unit, value in zip(units, values.tolist(), strict=True):
        gathered.setdefault(unit, []).append(value)
    return np.asarray([_mean(seen) for seen in gathered.values()])


def _mean(values: list[float]) -> float:
    return values[0] if len(values) == 1 else sum(sorted(values)) / len(values)


def balanced(left: Array, right: Array) -> tuple[Array, Array]:
    """Return as many observations of one side as of the other, the longer averaged in groups."""
    few = min(len(left), len(right))
    return grouped(left, few), grouped(right, few)


def grouped(values: Array, groups: int) -> Array:
    """Average neighbours until there are so many groups; never more groups than values."""
    if groups in {0, len(values)}:
        return values[:groups]
    ends = np.arange(groups + 1) * len(values) // groups
    means: Array = np.add.reduceat(values, ends[:-1]) / (ends[1:] - ends[:-1])
    return means
