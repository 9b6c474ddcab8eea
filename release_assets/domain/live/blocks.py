"""Two arms without replay: blocks of one candidate unit and the stable units beside it (E4).

Decides which scores may be compared: those of the same slices in the same batch, as many
candidate as stable means, so that a common cause of both arms cancels. Refuses to know any limit.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from release_assets.domain.live.scores import (
    Column,
    Drops,
    Scores,
    are_missing,
    are_usable,
    column,
)
from release_assets.domain.statistics.blocks import balanced, unit_means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.live.traffic import ScoredCall
    from release_assets.domain.statistics.bets import Array

Slices = tuple[tuple[str, str], ...]
_Blocks: TypeAlias = "list[tuple[Slices, Array, Array]]"


def scores_of_calls(calls: Sequence[ScoredCall]) -> Scores:
    """What the calls say; they come sorted by the place of their units."""
    said = [call.score for call in calls]
    usable = are_usable(column(said))
    fine = [call for call, is_usable in zip(calls, usable.tolist(), strict=True) if is_usable]
    ours = [call for call in fine if call.is_candidate]
    seen = sum(call.is_candidate for call in calls)
    lacks = _blocks(calls, are_missing(said))
    return Scores(
        drops=_drops(_blocks(fine, column([call.score for call in fine]))),
        levels=Column([call.unit for call in ours], column([call.score for call in ours])),
        missing=Column(_names(lacks), _joined([one - other for _, one, other in lacks])),
        lost=_lost(len(calls) - seen, len(fine) - len(ours), seen, len(ours)),
        seen=seen,
        unusable=len(calls) - len(fine) - said.count(None),
    )


def _lost(others: int, others_fine: int, seen: int, fine: int) -> tuple[float, float]:
    """Calls without a usable score; stable's weigh as if there were as many as the candidate's."""
    return float(seen - fine), seen / max(1, others) * (others - others_fine)


def _blocks(calls: Sequence[ScoredCall], values: Array) -> _Blocks:
    """Per combination of slices as many means of one arm as of the other."""
    arms: dict[Slices, tuple[list[int], list[int]]] = {}
    for at, call in enumerate(calls):
        sides = arms.setdefault(_slices_of(call.slices), ([], []))
        sides[0 if call.is_candidate else 1].append(at)
    made = []
    for slices, places in sorted(arms.items()):
        ours, theirs = (unit_means([calls[at].unit for at in p], values[p]) for p in places)
        made.append((slices, *balanced(ours, theirs)))
    return made


def _slices_of(slices: Mapping[str, str]) -> Slices:
    return tuple(sorted(slices.items()))


def _drops(blocks: _Blocks) -> Drops:
    return Drops(
        units=_names(blocks),
        candidate=_joined([one for _, one, _ in blocks]),
        stable=_joined([other for _, _, other in blocks]),
        slices=list(chain.from_iterable([dict(slices)] * len(one) for slices, one, _ in blocks)),
    )


def _names(blocks: _Blocks) -> list[str]:
    """Each block is a unit of its own."""
    named = ([f"block {i} {slices}" for i in range(len(one))] for slices, one, _ in blocks)
    return list(chain.from_iterable(named))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)
