"""What a batch of live traffic offers to judgement: drops, levels, missing and unusable scores.

Decides what counts as one observation: the mean of a unit's pairs in the batch, or a block of one
candidate unit and the stable units of the same slice and batch (`live_blocks.py`). A score that is
missing, not a number or outside 0..1 is a kind of its own and is never compared. Refuses to know
any limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from release_assets.domain.live.blocks import scores_of_calls
from release_assets.domain.live.scores import (
    Column,
    Drops,
    Scores,
    are_missing,
    are_usable,
    column,
    together,
)
from release_assets.domain.statistics.blocks import in_place_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from release_assets.domain.live.traffic import LiveBatch, ScoredCall, ScoredPair
    from release_assets.domain.statistics.bets import Array

Row = TypeVar("Row", "ScoredPair", "ScoredCall")
Kept = TypeVar("Kept")
_MOST = 1e9  # usd or ms of one call; more is no amount of either


def versions(batch: LiveBatch) -> dict[str, str]:
    """The scorer version that each scorer ended the batch with."""
    rows: tuple[ScoredPair | ScoredCall, ...] = (*batch.pairs, *batch.calls)
    found = {(row.scorer, row.scorer_version) for row in rows}
    only = dict(sorted(found))
    return only if len(only) == len(found) else _last_versions(rows)


def _last_versions(rows: Iterable[ScoredPair | ScoredCall]) -> dict[str, str]:
    last: dict[str, tuple[datetime, str]] = {}
    for row in rows:
        mark = (row.at, row.scorer_version)
        last[row.scorer] = max(mark, last.get(row.scorer, mark))
    return {scorer: version for scorer, (_, version) in sorted(last.items())}


def scores(batch: LiveBatch, scorer: str, version: str) -> Scores:
    """Read one scorer's rows; those of another version belong to a stream that has ended."""
    found = _scores_of_pairs(_of(batch.pairs, scorer, version))
    calls = _of(batch.calls, scorer, version)
    return together(found, scores_of_calls(calls)) if calls else found


def _of(rows: Iterable[Row], scorer: str, version: str) -> list[Row]:
    """In the order of their units, so that nothing depends on the order of arrival."""
    own = [row for row in rows if row.scorer == scorer and row.scorer_version == version]
    return [own[at] for at in in_place_order([row.unit for row in own])]


def _scores_of_pairs(pairs: Sequence[ScoredPair]) -> Scores:
    units, slices = [p.unit for p in pairs], [p.slices for p in pairs]
    ours, theirs = [p.candidate for p in pairs], [p.stable for p in pairs]
    candidate, stable = column(ours), column(theirs)
    mine, others = are_usable(candidate), are_usable(stable)
    both, n = mine & others, len(pairs)
    lost = n - int(mine.sum()), n - int(others.sum())
    return Scores(
        drops=Drops(
            units=_kept(units, both),
            candidate=candidate[both],
            stable=stable[both],
            slices=_kept(slices, both),
        ),
        levels=Column(_kept(units, mine), candidate[mine]),
        missing=Column(units, are_missing(ours) - are_missing(theirs)),
        lost=(float(lost[0]), float(lost[1])),
        seen=n,
        unusable=sum(lost) - ours.count(None) - theirs.count(None),
    )


def _kept(rows: Sequence[Kept], mask: NDArray[np.bool_]) -> Sequence[Kept]:
    return rows if mask.all() else [rows[at] for at in np.flatnonzero(mask).tolist()]


def amounts(of_calls: Sequence[float]) -> Array:
    """The costs or latencies of single calls that are amounts of money or time, sorted."""
    every = np.asarray(of_calls, dtype=np.float64)
    return np.sort(every[(every >= 0) & (every <= _MOST)])  # false for NaN
