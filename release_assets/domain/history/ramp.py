"""The ramp of a release: which share of production traffic it had when, stage by stage.

Traffic is what the router reported, as observations recorded it; stages are the rollout's own
events. Refuses to know what was planned: only what happened is here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.history.reading import (
    LIVE_SCORES,
    count,
    newest_evidence,
    number,
    of_kind,
)
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.history.gates import GateHistory, GivenVerdict
    from release_assets.domain.ledger.entries import Entry

FULL_PCT = 100.0


_E = RolloutEvent
_ENDS_A_STAGE = {_E.STAGE_PROVEN, _E.HELD, _E.COMPLETED, _E.BREACHED}


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficPoint:
    """The share of production traffic from a moment on, in percent, and the act that set it."""

    at: datetime
    traffic_pct: float
    act: str
    entry: int

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveEvidence:
    """What the looks at one canary stage had seen when it was judged; None was not recorded.

    `scored` counts scored pairs; evidence is the factor by which the data favour one hypothesis.
    """

    candidate_calls: int | None = None
    stable_calls: int | None = None
    scored: int | None = None
    evidence_for: float | None = None
    needed_for: float | None = None
    evidence_against: float | None = None
    needed_against: float | None = None
    sentence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StageHistory:
    """One canary stage that the release entered; `left_at` is None while it is there.

    `end` is the event that ended or stopped it, None while it runs.
    """

    stage: str
    traffic_pct: float
    entered_at: datetime
    left_at: datetime | None
    end: RolloutEvent | None
    because: str
    verdict: GivenVerdict | None
    live: LiveEvidence

    @property
    def end_word(self) -> str:
        """Return `proven`, `completed`, `breached`, `held`, or `running` while nothing ended it."""
        return self.end.removeprefix("stage_") if self.end else "running"

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        times = {
            "entered_at": self.entered_at.isoformat(),
            "left_at": self.left_at.isoformat() if self.left_at else None,
        }
        verdict = {"verdict": self.verdict.document() if self.verdict else None}
        return asdict(self) | {"end": self.end_word} | times | verdict


def traffic_of(entries: Sequence[Entry], digest: str | None) -> tuple[TrafficPoint, ...]:
    """Return the share of this release digest at each observation of the router, in order."""
    return tuple(
        TrafficPoint(
            at=entry.at,
            traffic_pct=_share(entry.body["traffic"], digest),
            act=entry.body.get("act", ""),
            entry=entry.seq,
        )
        for entry in of_kind(entries, EntryKind.OBSERVATION)
        if "traffic" in entry.body
    )


def _share(traffic: Mapping[str, Any], digest: str | None) -> float:
    """Return the candidate's share; all of it once the release is the stable one."""
    if digest and traffic.get("stable") == digest:
        return FULL_PCT
    is_candidate = traffic.get("candidate") in {digest, None}
    return (number(traffic.get("candidate_pct")) or 0.0) if is_candidate else 0.0


def stages_of(entries: Sequence[Entry], gates: Sequence[GateHistory]) -> tuple[StageHistory, ...]:
    """Return every canary stage that was entered, from the rollout's events and the brake."""
    verdicts = {gate.stage or "": gate.verdict for gate in gates}
    stages: list[StageHistory] = []
    for entry in of_kind(entries, EntryKind.ROLLOUT, EntryKind.OBSERVATION):
        if entry.event is _E.STAGE_ENTERED:
            stages = [*_left(stages, entry), _entered(entry, verdicts, entries)]
        elif stages and (end := _end(entry)):
            stages[-1] = _ended(stages[-1], entry, end)
    return tuple(stages)


def _end(entry: Entry) -> RolloutEvent | None:
    """Return how an entry ends a stage; the brake does at once, before its `breached` is written.

    A rollback whose brake left no entry ends the stage as a breach too.
    """
    is_brake = entry.kind is EntryKind.OBSERVATION and entry.body.get("act") == "brake"
    if is_brake or entry.event is _E.ROLLED_BACK:
        return _E.BREACHED
    return entry.event if entry.event in _ENDS_A_STAGE else None


def _entered(
    entry: Entry, verdicts: Mapping[str, GivenVerdict | None], entries: Sequence[Entry]
) -> StageHistory:
    stage = entry.body["stage"]
    return StageHistory(
        stage=stage,
        traffic_pct=number(entry.body.get("traffic_pct")) or 0.0,
        entered_at=entry.at,
        left_at=None,
        end=None,
        because="",
        verdict=verdicts.get(stage),
        live=_live(entries, stage),
    )


def _left(stages: list[StageHistory], entry: Entry) -> list[StageHistory]:
    """End the stage before, since the next one is entered."""
    if not stages or stages[-1].end is _E.BREACHED:
        return stages
    end = stages[-1].end or _E.STAGE_PROVEN
    return [*stages[:-1], replace(stages[-1], left_at=entry.at, end=end)]


def _ended(stage: StageHistory, entry: Entry, end: RolloutEvent) -> StageHistory:
    """End a stage; the rollback that follows a breach changes neither its word nor its moment."""
    if stage.end is _E.BREACHED:
        return stage
    is_over = end in {_E.BREACHED, _E.COMPLETED}
    return replace(
        stage,
        end=end,
        because=entry.body.get("because", "") or stage.because,
        left_at=entry.at if is_over else stage.left_at,
    )


def _live(entries: Sequence[Entry], stage: str) -> LiveEvidence:
    """Return the newest live evidence about a stage."""
    summary = newest_evidence(entries, f"{LIVE_SCORES}@{stage}")
    return LiveEvidence(
        candidate_calls=count(summary.get("candidate_calls")),
        stable_calls=count(summary.get("stable_calls")),
        scored=count(summary.get("scored")),
        evidence_for=number(summary.get("evidence_for")),
        needed_for=number(summary.get("needed_for")),
        evidence_against=number(summary.get("evidence_against")),
        needed_against=number(summary.get("needed_against")),
        sentence=summary.get("sentence"),
    )
