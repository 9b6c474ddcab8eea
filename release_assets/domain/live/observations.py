"""What a batch of live traffic holds of one scorer's scores: drops, levels, missing and unusable.

Decides what counts as one observation: the mean of a unit's pairs in the batch, or a block of one
candidate unit and the stable units of the same slice and batch (docs/methods.md, E4, R8). A score
that is missing, not a number or outside 0..1 is a kind of its own and is never compared. Refuses
to know any limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from release_assets.domain.live.scores import (
    Column,
    Comparisons,
    Faults,
    Scores,
    joined,
    together,
)
from release_assets.domain.statistics.blocks import balanced, in_place_order, unit_means

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from release_assets.domain.live.traffic import LiveBatch, ScoredCall, ScoredPair
    from release_assets.domain.statistics.bets import Array

Row = TypeVar("Row", "ScoredPair", "ScoredCall")
Kept = TypeVar("Kept")


def versions(batch: LiveBatch) -> dict[str, str]:
    """Return the scorer version that each scorer ended the batch with."""
    rows: tuple[ScoredPair | ScoredCall, ...] = (*batch.pairs, *batch.calls)
    found = {(row.scorer, row.scorer_version) for row in rows}
    only = dict(sorted(found))
    if len(only) == len(found):
        return only
    in_time = sorted(rows, key=lambda row: (row.at, row.scorer_version))
    return dict(sorted({row.scorer: row.scorer_version for row in in_time}.items()))


def scores(batch: LiveBatch, scorer: str, version: str) -> Scores:
    """Read one scorer's rows; those of another version belong to a stream that has ended."""
    found = _scores_of_pairs(_of(batch.pairs, scorer, version))
    calls = _of(batch.calls, scorer, version)
    return together(found, _scores_of_calls(calls)) if calls else found


def _of(rows: Iterable[Row], scorer: str, version: str) -> list[Row]:
    """Return a scorer's rows by the place of their units, whatever their order of arrival."""
    own = [row for row in rows if row.scorer == scorer and row.scorer_version == version]
    return [own[at] for at in in_place_order([row.unit for row in own])]


def _numbers(scores: Sequence[float | None]) -> tuple[Array, NDArray[np.bool_]]:
    """Return scores as numbers, and which are usable: in 0..1, not None, NaN or an infinity."""
    numbers = np.asarray(scores, dtype=np.float64)
    return numbers, (numbers >= 0) & (numbers <= 1)


def _are_missing(scores: Sequence[float | None]) -> Array:
    """Return one for each score that is None, else zero."""
    if None not in scores:
        return np.zeros(len(scores))
    return np.asarray([score is None for score in scores], dtype=np.float64)


def _kept(rows: Sequence[Kept], mask: NDArray[np.bool_]) -> Sequence[Kept]:
    return rows if mask.all() else [rows[at] for at in np.flatnonzero(mask).tolist()]


def _scores_of_pairs(pairs: Sequence[ScoredPair]) -> Scores:
    units, slices = [p.unit for p in pairs], [p.slices for p in pairs]
    ours, theirs = [p.candidate for p in pairs], [p.stable for p in pairs]
    (candidate, mine), (stable, others) = _numbers(ours), _numbers(theirs)
    both, n = mine & others, len(pairs)
    lost = n - int(mine.sum()), n - int(others.sum())
    unusable = sum(lost) - ours.count(None) - theirs.count(None)
    return Scores(
        compared=Comparisons(
            _kept(units, both), _kept(slices, both), candidate[both], stable[both]
        ),
        levels=Column(_kept(units, mine), candidate[mine]),
        missing=Column(units, _are_missing(ours) - _are_missing(theirs)),
        faults=Faults(n, unusable, *lost),
    )


# Two arms without replay. Only scores of the same slices in the same batch may be compared, as many
# candidate as stable means, so that a common cause of both arms cancels: the hour of the day, a
# stricter judge, more users of a harder slice.


def _scores_of_calls(calls: Sequence[ScoredCall]) -> Scores:
    every = [call.score for call in calls]
    numbers, usable = _numbers(every)
    is_ours = np.asarray([call.is_candidate for call in calls])
    mine, lacks = usable & is_ours, _blocks(calls, _are_missing(every))
    seen, lost = int(is_ours.sum()), len(calls) - int(usable.sum())
    ours_lost = seen - int(mine.sum())
    # Stable's lost answers weigh as if there had been as many calls as the candidate's.
    theirs_lost = seen / max(1, len(calls) - seen) * (lost - ours_lost)
    return Scores(
        compared=_blocks(_kept(calls, usable), numbers[usable]),
        levels=Column([call.unit for call in _kept(calls, mine)], numbers[mine]),
        missing=Column(lacks.units, lacks.candidate - lacks.stable),
        faults=Faults(seen, lost - every.count(None), ours_lost, theirs_lost),
    )


def _blocks(calls: Sequence[ScoredCall], values: Array) -> Comparisons:
    """Compare as many means of one arm as of the other, of units with the same slices."""
    arms: dict[tuple[tuple[str, str], ...], tuple[list[int], list[int]]] = {}
    for at, call in enumerate(calls):
        sides = arms.setdefault(tuple(sorted(call.slices.items())), ([], []))
        sides[0 if call.is_candidate else 1].append(at)
    blocks = []
    for slices, places in sorted(arms.items()):
        means = (unit_means([calls[at].unit for at in p], values[p]) for p in places)
        ours, theirs = balanced(*means)
        names = [f"block {i} {slices}" for i in range(len(ours))]  # each is a unit of its own
        blocks.append(Comparisons(names, [dict(slices)] * len(names), ours, theirs))
    return joined(blocks)
