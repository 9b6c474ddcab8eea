"""What a batch of live traffic offers to judgement: drops, levels, missing and unusable scores.

Decides what counts as one observation: the mean of a unit's pairs in the batch, or a block of one
candidate unit and the stable units of the same slice and batch (E4). A score that is missing, not
a number or outside 0..1 is a kind of its own and is never compared. Refuses to know any limit.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from release_assets.domain.statistics.blocks import balanced, numbers, place_of, unit_means

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from release_assets.domain.live_traffic import LiveBatch, ScoredCall, ScoredPair

Row = TypeVar("Row", "ScoredPair", "ScoredCall")
Slices = tuple[tuple[str, str], ...]
Observation = tuple[str, float]
_DEAREST = 1e9  # usd for one call; more is no amount of money


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """One pair or block with usable scores on both sides; `drop` is stable minus candidate."""

    unit: str
    slices: Slices
    candidate: float
    stable: float

    @property
    def drop(self) -> float:
        """How much worse the candidate is, in [-1, 1]."""
        return self.stable - self.candidate


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """All that one scorer said in one batch.

    `missing` holds, per unit, candidate missing minus stable missing: a judge that is down for
    both arms says nothing about the release. `lost` counts candidate and stable answers without a
    usable score, missing or not, as if both arms had had `seen` answers. `unusable` scores are
    the scorer's fault, so they accuse nobody.
    """

    drops: tuple[Drop, ...]
    levels: tuple[Observation, ...]
    missing: tuple[Observation, ...]
    lost: tuple[float, float]
    seen: int
    unusable: int


def is_usable(score: float | None) -> bool:
    """Whether a score is a number in 0..1."""
    return score is not None and 0 <= score <= 1  # false for NaN and both infinities


def versions(batch: LiveBatch) -> dict[str, str]:
    """The scorer version that each scorer ended the batch with."""
    last: dict[str, tuple[datetime, str]] = {}
    rows: tuple[ScoredPair | ScoredCall, ...] = (*batch.pairs, *batch.calls)
    for row in rows:
        mark = (row.at, row.scorer_version)
        last[row.scorer] = max(mark, last.get(row.scorer, mark))
    return {scorer: version for scorer, (_, version) in last.items()}


def scores(batch: LiveBatch, scorer: str, version: str) -> Scores:
    """Read one scorer's rows; those of another version belong to a stream that has ended."""
    pairs, calls = _of(batch.pairs, scorer, version), _of(batch.calls, scorer, version)
    replayed = [_drop_of(p) for p in pairs if is_usable(p.candidate) and is_usable(p.stable)]
    candidates = [c for c in calls if c.is_candidate]
    return Scores(
        drops=(*replayed, *_blocks(calls)),
        levels=(*_levels(pairs), *((c.unit, c.score or 0.0) for c in candidates if _fine(c))),
        missing=(*((p.unit, _lack(p)) for p in pairs), *_missing_blocks(calls)),
        lost=_lost(pairs, calls, len(candidates)),
        seen=len(pairs) + len(candidates),
        unusable=sum(_is_fault(s) for p in pairs for s in (p.candidate, p.stable))
        + sum(_is_fault(c.score) for c in calls),
    )


def _of(rows: Iterable[Row], scorer: str, version: str) -> list[Row]:
    """In the order of their units, so that nothing depends on the order of arrival."""
    own = [row for row in rows if row.scorer == scorer and row.scorer_version == version]
    return sorted(own, key=lambda row: place_of(row.unit))


def _is_fault(score: float | None) -> bool:
    return score is not None and not is_usable(score)


def _fine(call: ScoredCall) -> bool:
    return is_usable(call.score)


def _lack(pair: ScoredPair) -> float:
    return float(pair.candidate is None) - float(pair.stable is None)


def _lost(
    pairs: Sequence[ScoredPair], calls: Sequence[ScoredCall], candidates: int
) -> tuple[float, float]:
    ours = [c for c in calls if c.is_candidate and not _fine(c)]
    theirs = [c for c in calls if not c.is_candidate and not _fine(c)]
    weight = candidates / max(1, len(calls) - candidates)
    return (
        sum(not is_usable(p.candidate) for p in pairs) + float(len(ours)),
        sum(not is_usable(p.stable) for p in pairs) + weight * len(theirs),
    )


def _drop_of(pair: ScoredPair) -> Drop:
    return Drop(
        unit=pair.unit,
        slices=tuple(sorted(pair.slices.items())),
        candidate=pair.candidate or 0.0,
        stable=pair.stable or 0.0,
    )


def _levels(pairs: Iterable[ScoredPair]) -> list[Observation]:
    return [(p.unit, p.candidate or 0.0) for p in pairs if is_usable(p.candidate)]


def _blocks(calls: Iterable[ScoredCall]) -> list[Drop]:
    """One candidate unit with the stable units of the same slice: equal numbers of both arms."""
    made = []
    for slices, (ours, theirs) in _arms([c for c in calls if _fine(c)]).items():
        candidate = unit_means((c.unit, c.score or 0.0) for c in ours)
        stable = unit_means((c.unit, c.score or 0.0) for c in theirs)
        sides = zip(*balanced(numbers(candidate), numbers(stable)), strict=True)
        made += [
            Drop(unit=f"block {i} {slices}", slices=slices, candidate=float(c), stable=float(s))
            for i, (c, s) in enumerate(sides)
        ]
    return made


def _missing_blocks(calls: Iterable[ScoredCall]) -> list[Observation]:
    made: list[Observation] = []
    for slices, (ours, theirs) in _arms(calls).items():
        candidate = unit_means((c.unit, float(c.score is None)) for c in ours)
        stable = unit_means((c.unit, float(c.score is None)) for c in theirs)
        sides = zip(*balanced(numbers(candidate), numbers(stable)), strict=True)
        made += [(f"block {i} {slices}", float(c - s)) for i, (c, s) in enumerate(sides)]
    return made


def _arms(calls: Iterable[ScoredCall]) -> dict[Slices, tuple[list[ScoredCall], list[ScoredCall]]]:
    arms: dict[Slices, tuple[list[ScoredCall], list[ScoredCall]]] = defaultdict(lambda: ([], []))
    for call in calls:
        arms[tuple(sorted(call.slices.items()))][0 if call.is_candidate else 1].append(call)
    return dict(sorted(arms.items()))


def usable_costs(costs_usd: Iterable[float]) -> tuple[list[float], int]:
    """The costs that are amounts of money, and how many were not."""
    every = list(costs_usd)
    fine = [cost for cost in every if 0 <= cost <= _DEAREST]  # false for NaN
    return fine, len(every) - len(fine)
