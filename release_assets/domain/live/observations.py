"""What a batch of live traffic holds of one scorer's scores: drops, levels, missing and unusable.

Decides what counts as one observation: the mean of a unit's pairs in the batch, or a block of one
candidate unit and the stable units of the same slice and batch (docs/methods.md, E4, R8). A score
that is missing, not a number or outside 0..1 is a kind of its own and is never compared. Refuses
to know any limit.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from release_assets.domain.live.scores import (
    Column,
    Drops,
    Scores,
    are_missing,
    are_usable,
    column,
    together,
)
from release_assets.domain.statistics.blocks import balanced, in_place_order, unit_means

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from release_assets.domain.live.traffic import LiveBatch, ScoredCall, ScoredPair
    from release_assets.domain.statistics.bets import Array

Row = TypeVar("Row", "ScoredPair", "ScoredCall")
Kept = TypeVar("Kept")
_MOST = 1e9  # usd or ms of one call; more is no amount of either


class _Block(NamedTuple):
    """As many means of one arm as of the other, of units with the same slices."""

    slices: tuple[tuple[str, str], ...]
    candidate: Array
    stable: Array


def amounts(of_calls: Sequence[float]) -> Array:
    """Return the costs or latencies of single calls that can be amounts, sorted."""
    every = np.asarray(of_calls, dtype=np.float64)
    return np.sort(every[(every >= 0) & (every <= _MOST)])  # false for NaN


def versions(batch: LiveBatch) -> dict[str, str]:
    """Return the scorer version that each scorer ended the batch with."""
    rows: tuple[ScoredPair | ScoredCall, ...] = (*batch.pairs, *batch.calls)
    found = {(row.scorer, row.scorer_version) for row in rows}
    only = dict(sorted(found))
    return only if len(only) == len(found) else _last_versions(rows)


def _last_versions(rows: Iterable[ScoredPair | ScoredCall]) -> dict[str, str]:
    last: dict[str, tuple[datetime, str]] = {}
    for row in rows:
        seen = (row.at, row.scorer_version)
        last[row.scorer] = max(seen, last.get(row.scorer, seen))
    return {scorer: version for scorer, (_, version) in sorted(last.items())}


def scores(batch: LiveBatch, scorer: str, version: str) -> Scores:
    """Read one scorer's rows; those of another version belong to a stream that has ended."""
    found = _scores_of_pairs(_of(batch.pairs, scorer, version))
    calls = _of(batch.calls, scorer, version)
    return together(found, _scores_of_calls(calls)) if calls else found


def _of(rows: Iterable[Row], scorer: str, version: str) -> list[Row]:
    """Return a scorer's rows by the place of their units, whatever their order of arrival."""
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


# Two arms without replay. Only scores of the same slices in the same batch may be compared, as many
# candidate as stable means, so that a common cause of both arms cancels: the hour of the day, a
# stricter judge, more users of a harder slice.


def _scores_of_calls(calls: Sequence[ScoredCall]) -> Scores:
    every = [call.score for call in calls]
    usable = are_usable(column(every))
    fine = [call for call, is_usable in zip(calls, usable.tolist(), strict=True) if is_usable]
    ours = [call for call in fine if call.is_candidate]
    seen = sum(call.is_candidate for call in calls)
    lacks = _blocks(calls, are_missing(every))
    others, others_fine = len(calls) - seen, len(fine) - len(ours)
    # Stable's lost answers weigh as if there had been as many calls as the candidate's.
    lost = float(seen - len(ours)), seen / max(1, others) * (others - others_fine)
    return Scores(
        drops=_drops(_blocks(fine, column([call.score for call in fine]))),
        levels=Column([call.unit for call in ours], column([call.score for call in ours])),
        missing=Column(_names(lacks), _joined([b.candidate - b.stable for b in lacks])),
        lost=lost,
        seen=seen,
        unusable=len(calls) - len(fine) - every.count(None),
    )


def _blocks(calls: Sequence[ScoredCall], values: Array) -> list[_Block]:
    arms: dict[tuple[tuple[str, str], ...], tuple[list[int], list[int]]] = {}
    for at, call in enumerate(calls):
        sides = arms.setdefault(tuple(sorted(call.slices.items())), ([], []))
        sides[0 if call.is_candidate else 1].append(at)
    made = []
    for slices, places in sorted(arms.items()):
        ours, theirs = (unit_means([calls[at].unit for at in p], values[p]) for p in places)
        made.append(_Block(slices, *balanced(ours, theirs)))
    return made


def _drops(blocks: Sequence[_Block]) -> Drops:
    return Drops(
        units=_names(blocks),
        candidate=_joined([block.candidate for block in blocks]),
        stable=_joined([block.stable for block in blocks]),
        slices=list(chain.from_iterable([dict(b.slices)] * len(b.candidate) for b in blocks)),
    )


def _names(blocks: Sequence[_Block]) -> list[str]:
    """Return a name for each comparison: each is a unit of its own."""
    named = ([f"block {i} {b.slices}" for i in range(len(b.candidate))] for b in blocks)
    return list(chain.from_iterable(named))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)
