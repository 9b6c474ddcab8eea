"""The ramp of a release: which share of production traffic it had when, stage by stage.

Traffic is router truth, as observations recorded it; stages are the rollout's own events. What was
planned is not told here: only what was.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.history.reading import count, number, of_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.history.gates import GateHistory, GivenVerdict
    from release_assets.domain.ledger.entries import Entry

FULL_PCT = 100.0


class StageEnd(StrEnum):
    """How a canary stage of a release ended, or that it has not."""

    RUNNING = "running"
    HELD = "held"
    PROVEN = "proven"
    COMPLETED = "completed"
    BREACHED = "breached"


_ENDS = {
    "stage_proven": StageEnd.PROVEN,
    "completed": StageEnd.COMPLETED,
    "breached": StageEnd.BREACHED,
    "held": StageEnd.HELD,
    "rolled_back": StageEnd.BREACHED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficPoint:
    """The share of production traffic from a moment on, in percent, and the act that set it."""

    at: datetime
    traffic_pct: float
    act: str
    entry: int

    def document(self) -> dict[str, Any]:
        """The JSON form."""
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
    """One canary stage that the release entered; `left_at` is None while it is there."""

    stage: str
    traffic_pct: float
    entered_at: datetime
    left_at: datetime | None
    end: StageEnd
    because: str
    verdict: GivenVerdict | None
    live: LiveEvidence

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        times = {
            "entered_at": self.entered_at.isoformat(),
            "left_at": self.left_at.isoformat() if self.left_at else None,
        }
        verdict = {"verdict": self.verdict.document() if self.verdict else None}
        return asdict(self) | times | verdict


def traffic_of(entries: Sequence[Entry], digest: str | None) -> tuple[TrafficPoint, ...]:
    """The share of this release digest at each observation of the router, in order."""
    return tuple(
        TrafficPoint(
            at=entry.at,
            traffic_pct=_share(entry.body["traffic"], digest),
            act=entry.body.get("act", ""),
            entry=entry.seq,
        )
        for entry in of_kind(entries, "observation")
        if "traffic" in entry.body
    )


def _share(traffic: Mapping[str, Any], digest: str | None) -> float:
    """The candidate's share while it is one, all of it once it is the stable release."""
    if digest and traffic.get("stable") == digest:
        return FULL_PCT
    is_candidate = traffic.get("candidate") in {digest, None}
    return (number(traffic.get("candidate_pct")) or 0.0) if is_candidate else 0.0


def stages_of(entries: Sequence[Entry], gates: Sequence[GateHistory]) -> tuple[StageHistory, ...]:
    """Every canary stage that was entered, folded from the rollout's events and the brake."""
    verdicts = {gate.stage or "": gate.verdict for gate in gates}
    stages: list[StageHistory] = []
    for entry in of_kind(entries, "rollout", "observation"):
        if entry.body.get("event") == "stage_entered":
            stages = [*_left(stages, entry), _entered(entry, verdicts, entries)]
        elif stages and (end := _end(entry)):
            stages[-1] = _ended(stages[-1], entry, end)
    return tuple(stages)


def _end(entry: Entry) -> StageEnd | None:
    """How an entry ends a stage; the brake does at once, its paperwork only says so again."""
    if entry.kind == "observation":
        return StageEnd.BREACHED if entry.body.get("act") == "brake" else None
    return _ENDS.get(entry.body.get("event", ""))


def _entered(
    entry: Entry, verdicts: Mapping[str, GivenVerdict | None], entries: Sequence[Entry]
) -> StageHistory:
    stage = entry.body["stage"]
    return StageHistory(
        stage=stage,
        traffic_pct=number(entry.body.get("traffic_pct")) or 0.0,
        entered_at=entry.at,
        left_at=None,
        end=StageEnd.RUNNING,
        because="",
        verdict=verdicts.get(stage),
        live=_live(entries, stage),
    )


def _left(stages: list[StageHistory], entry: Entry) -> list[StageHistory]:
    """The stage before is over when the next one is entered."""
    if not stages or stages[-1].end is StageEnd.BREACHED:
        return stages
    end = StageEnd.PROVEN if stages[-1].end is StageEnd.RUNNING else stages[-1].end
    return [*stages[:-1], replace(stages[-1], left_at=entry.at, end=end)]


def _ended(stage: StageHistory, entry: Entry, end: StageEnd) -> StageHistory:
    """A breach is not overwritten by the rollback that follows it, nor its moment."""
    if stage.end is StageEnd.BREACHED:
        return stage
    is_over = end in {StageEnd.BREACHED, StageEnd.COMPLETED}
    return replace(
        stage,
        end=end,
        because=entry.body.get("because", "") or stage.because,
        left_at=entry.at if is_over else stage.left_at,
    )


def _live(entries: Sequence[Entry], stage: str) -> LiveEvidence:
    """The newest live evidence about a stage."""
    named = f"canary/live_scores@{stage}"
    found = [e for e in of_kind(entries, "evidence") if e.body.get("name") == named]
    summary = found[-1].body.get("summary", {}) if found else {}
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
