"""Recorded calls, what plans need of them, and the windows that looks of the past would have seen.

Facts only: `call_windows.py` cuts, `backtest.py` judges. A recording is any log of calls of both
arms; nothing of it has to come from Countersign (DESIGN section 10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from release_assets.domain.live.streams import latency_limits_ms, needs_latencies, scorers_of
from release_assets.domain.live.traffic import CallCounts, LiveBatch
from release_assets.domain.rollout.metrics import Counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from release_assets.domain.live.traffic import ScoredCall, ScoredPair
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.statistics.bets import Array


class RecordedCall(NamedTuple):
    """One answered call, as `line` of the recording has it.

    `latency_ms` is infinite where a call failed without an answer, `cost_usd` None where nothing
    was paid or known. `scores` holds None for a score that is missing; `versions` the scorers'.
    A tuple, for there are millions of them.
    """

    line: int
    at: datetime
    is_candidate: bool
    unit: str
    latency_ms: float
    cost_usd: float | None
    error: bool
    timeout: bool
    refusal: bool
    is_negative: bool | None
    scores: Mapping[str, float | None]
    slices: Mapping[str, str]
    pair: str | None
    versions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingNeeds:
    """What some plans ask of a recording: for each thing, the SLO that asks for it."""

    scorers: Mapping[str, str]
    slices: Mapping[str, str]
    metrics: Mapping[str, str]

    @classmethod
    def of(cls, *plans: RolloutPlan) -> RecordingNeeds:
        """Of all stages of all plans."""
        slos = [slo for plan in plans for stage in plan.stages for slo in stage.slos]
        judged = {name for plan in plans for name in scorers_of(plan)}
        gaps = [s for s in slos if s.metric.counted is Counted.GAP]
        scored = [s for s in slos if s.subject in judged and s not in gaps]
        return cls(
            scorers={str(s.subject): s.name for s in reversed(scored)},
            slices={str(s.subject): s.name for s in reversed(gaps)},
            metrics={s.metric.name: s.name for s in reversed(slos)},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmCalls:
    """The calls of one arm in one window; ratings are those that matured in it."""

    requests: int
    errors: int
    timeouts: int
    refusals: int
    feedback: int
    feedback_negative: int
    latencies_ms: Array
    costs_usd: tuple[float, ...]

    def counts(self, over_ms: Sequence[float], *, with_latencies: bool) -> CallCounts:
        """Return what a live batch counts, calls over each of these latencies among it."""
        return CallCounts(
            requests=self.requests,
            errors=self.errors,
            timeouts=self.timeouts,
            refusals=self.refusals,
            feedback_negative=self.feedback_negative,
            feedback=self.feedback,
            over_ms={limit: int((self.latencies_ms > limit).sum()) for limit in over_ms},
            costs_usd=self.costs_usd,
            latencies_ms=tuple(self.latencies_ms.tolist()) if with_latencies else (),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CallWindow:
    """Everything that was recorded in one window.

    `candidate_scored` counts the candidate's answers that have a score. `silence` is the time
    since the candidate's last call, where its share of the traffic does not explain it.
    """

    since: datetime
    until: datetime
    candidate: ArmCalls
    stable: ArmCalls
    pairs: tuple[ScoredPair, ...]
    calls: tuple[ScoredCall, ...]
    candidate_scored: int
    silence: timedelta

    def batch(self, number: int, stage: CanaryStage) -> LiveBatch:
        """The window as a look at this canary stage sees it."""
        limits, every = latency_limits_ms(stage), needs_latencies(stage)
        return LiveBatch(
            id=number,
            stage=stage.index,
            since=self.since,
            until=self.until,
            candidate=self.candidate.counts(limits, with_latencies=every),
            stable=self.stable.counts(limits, with_latencies=every),
            pairs=self.pairs,
            calls=self.calls,
        )


@dataclass(kw_only=True, slots=True)
class RecordingFacts:
    """What is known of a recording as far as it has been read.

    Calls count since the candidate's first one. `scored` holds, per scorer, replayed pairs,
    candidate calls and stable calls; `sampled` counts pairs and calls with any score, `unsliced`
    those of them without a slice key, and the line of the first; `waiting` are the halves of pairs
    whose other arm has not come.
    """

    last_at: datetime | None = None
    began_at: datetime | None = None
    candidate_calls: int = 0
    stable_calls: int = 0
    pairs: int = 0
    sampled: int = 0
    scored: dict[str, list[int]]
    other_scorers: set[str] = field(default_factory=set)
    versions: dict[str, set[str]]
    unsliced: dict[str, list[int]]
    waiting: dict[str, RecordedCall] = field(default_factory=dict)

    @classmethod
    def of(cls, needs: RecordingNeeds) -> RecordingFacts:
        """Nothing read yet."""
        return cls(
            scored={name: [0, 0, 0] for name in needs.scorers},
            versions={name: set() for name in needs.scorers},
            unsliced={key: [0, 0] for key in needs.slices},
        )

    def document(self) -> dict[str, Any]:
        """What was read, for the reader of a backtest."""
        times = {"first_at": self.began_at, "last_at": self.last_at}
        return {
            "candidate_calls": self.candidate_calls,
            "stable_calls": self.stable_calls,
            "pairs": self.pairs,
            "sampled": self.sampled,
        } | {k: at.astimezone(UTC).isoformat() if at else None for k, at in times.items()}
