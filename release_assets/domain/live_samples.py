"""What a batch of live traffic offers to judgement: drops, levels, missing and unusable scores.

Decides what counts as one observation: the mean of a unit's pairs in the batch, or a block of one
candidate unit and the stable units of the same slice and batch (E4). A score that is missing, not
a number or outside 0..1 is a kind of its own and is never compared. Refuses to know any limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from release_assets.domain.statistics.blocks import balanced, numbers, place_of, unit_means

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.live_traffic import LiveBatch, ScoredCall, ScoredPair

Row = TypeVar("Row", "ScoredPair", "ScoredCall")
Slices = tuple[tuple[str, str], ...]
Observation = tuple[str, float]
_DEAREST = 1e9  # usd for one call; more is no amount of money


class Drop(NamedTuple):
    """One pair or block with usable scores on both sides; `drop` is stable minus candidate.

    A bare tuple, for a look may hold thousands of them.
    """

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
    ours = [p for p in pairs if is_usable(p.candidate)]
    theirs = [p for p in pairs if is_usable(p.stable)]
    both = ours if len(theirs) == len(pairs) else [p for p in ours if is_usable(p.stable)]
    fine = [c for c in calls if is_usable(c.score)]
    candidates = sum(c.is_candidate for c in calls)
    unscored = sum((p.candidate is None) + (p.stable is None) for p in pairs)
    unscored += sum(c.score is None for c in calls)
    every, usable = 2 * len(pairs) + len(calls), len(ours) + len(theirs) + len(fine)
    return Scores(
        drops=(*map(_drop_of, both), *_blocks(fine)),
        levels=(
            *((p.unit, p.candidate or 0.0) for p in ours),
            *((c.unit, c.score or 0.0) for c in fine if c.is_candidate),
        ),
        missing=(*((p.unit, _lack(p)) for p in pairs), *_missing_blocks(calls)),
        lost=_lost(len(pairs) - len(ours), len(pairs) - len(theirs), calls, fine),
        seen=len(pairs) + candidates,
        unusable=every - usable - unscored,
    )


def _of(rows: Iterable[Row], scorer: str, version: str) -> list[Row]:
    """In the order of their units, so that nothing depends on the order of arrival."""
    own = [row for row in rows if row.scorer == scorer and row.scorer_version == version]
    return sorted(own, key=lambda row: place_of(row.unit))


def _lack(pair: ScoredPair) -> float:
    return float(pair.candidate is None) - float(pair.stable is None)


def _lost(
    ours: int, theirs: int, calls: Sequence[ScoredCall], fine: Sequence[ScoredCall]
) -> tuple[float, float]:
    """Pairs that lack one side, and calls; stable's calls weigh as if there were as many."""
    candidates, scored = (sum(c.is_candidate for c in rows) for rows in (calls, fine))
    others = len(calls) - candidates
    weight = candidates / max(1, others)
    return ours + float(candidates - scored), theirs + weight * (others - (len(fine) - scored))


def _drop_of(pair: ScoredPair) -> Drop:
    return Drop(pair.unit, _slices_of(pair.slices), pair.candidate or 0.0, pair.stable or 0.0)


def _slices_of(slices: Mapping[str, str]) -> Slices:
    return tuple(slices.items()) if len(slices) < 2 else tuple(sorted(slices.items()))


def _blocks(calls: Iterable[ScoredCall]) -> list[Drop]:
    """One candidate unit with the stable units of the same slice: equal numbers of both arms."""
    made = []
    for slices, (ours, theirs) in _arms(calls).items():
        candidate = unit_means([(c.unit, c.score or 0.0) for c in ours])
        stable = unit_means([(c.unit, c.score or 0.0) for c in theirs])
        sides = (side.tolist() for side in balanced(numbers(candidate), numbers(stable)))
        tag = str(slices)
        made += [
            Drop(f"block {i} {tag}", slices, c, s)
            for i, (c, s) in enumerate(zip(*sides, strict=True))
        ]
    return made


def _missing_blocks(calls: Iterable[ScoredCall]) -> list[Observation]:
    made: list[Observation] = []
    for slices, (ours, theirs) in _arms(calls).items():
        candidate = unit_means([(c.unit, float(c.score is None)) for c in ours])
        stable = unit_means([(c.unit, float(c.score is None)) for c in theirs])
        one, other = balanced(numbers(candidate), numbers(stable))
        tag = str(slices)
        made += [(f"block {i} {tag}", lack) for i, lack in enumerate((one - other).tolist())]
    return made


def _arms(calls: Iterable[ScoredCall]) -> dict[Slices, tuple[list[ScoredCall], list[ScoredCall]]]:
    arms: dict[Slices, tuple[list[ScoredCall], list[ScoredCall]]] = {}
    for call in calls:
        slices = _slices_of(call.slices)
        if slices not in arms:
            arms[slices] = [], []
        arms[slices][0 if call.is_candidate else 1].append(call)
    return dict(sorted(arms.items()))


def usable_costs(costs_usd: Iterable[float]) -> tuple[list[float], int]:
    """The costs that are amounts of money, and how many were not."""
    every = list(costs_usd)
    fine = [cost for cost in every if 0 <= cost <= _DEAREST]  # false for NaN
    return fine, len(every) - len(fine)
