"""Runs a rollout plan over a recording: when would it have fired, what would it have promoted?

The judge is the one of live traffic (`live/judge.py`), the stages move by the plan's own rules
(`rollout/decision.py`), and the router is assumed to follow at once. The recorded candidate calls
stand for the traffic of whatever canary stage the plan is in; so a backtest shows how a plan
judges, never what less traffic would have spared its users.

Under a policy its freeze windows hold: no ramp begins and no traffic rises in one.

The clock stops while nothing was recorded, and a long silence holds the rollout, as it does live.
"Promoted" means that the proof of the last stage opened full traffic and that nothing took it back
or held it later in the recording. Knows no files (`cli/rows/calls.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from release_assets.domain.finding import Outcome
from release_assets.domain.live import judge
from release_assets.domain.live.wealth import evidence_against
from release_assets.domain.rollout.decision import (
    LONGEST_LOOK,
    SILENCE,
    StageAct,
    StageObservation,
    advance,
    follow,
    note_look,
)
from release_assets.domain.rollout.machine import (
    RolloutState,
    begin,
    planned_stage,
    planned_traffic_pct,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from release_assets.domain.backtest.calls import CallWindow
    from release_assets.domain.files.policy import Policy
    from release_assets.domain.live.judge import LiveJudgement
    from release_assets.domain.live.state import LiveState
    from release_assets.domain.rollout.decision import Decision
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan

_OUTCOMES = {
    StageAct.ADVANCE: Outcome.PASSED,
    StageAct.COMPLETE: Outcome.PASSED,
    StageAct.BRAKE: Outcome.FAILED,
    StageAct.HOLD: Outcome.INCONCLUSIVE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisiveLook:
    """A look that did more than wait; calls and scores are the candidate's, of the whole ramp."""

    at: datetime
    act: StageAct
    stage: int
    traffic_pct: float
    candidate_calls: int
    candidate_scored: int
    evidence_against: float
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StageRecord:
    """One canary stage of a backtest; `left_at` is None where the recording or a hold ended it.

    `frozen` is the freeze window that alone kept it from being left at some look.
    """

    index: int
    traffic_pct: float
    entered_at: datetime
    left_at: datetime | None = None
    outcome: Outcome = Outcome.INCONCLUSIVE
    candidate_calls: int = 0
    candidate_scored: int = 0
    because: str = ""
    frozen: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktestRun:
    """One plan that is run over a recording; `take` gives the next one.

    `judgement` is that of the last look at which one was needed, `seen_until` the end of the last
    window. A run that is over takes nothing in any more.
    """

    plan: RolloutPlan
    rollout: Rollout
    live: LiveState
    began_at: datetime
    seen_until: datetime
    stages: tuple[StageRecord, ...]
    looks: tuple[DecisiveLook, ...] = ()
    judgement: LiveJudgement | None = None
    policy: Policy | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen: taken back, or complete."""
        return self.rollout.state in {RolloutState.BRAKED, RolloutState.COMPLETE}

    @property
    def stage(self) -> StageRecord:
        """Return the canary stage that the run is in."""
        return self.stages[-1]

    @property
    def candidate_calls(self) -> int:
        """Count the calls of the candidate since the ramp began."""
        return sum(stage.candidate_calls for stage in self.stages)

    @property
    def candidate_scored(self) -> int:
        """Count the candidate's answers with a score since the ramp began."""
        return sum(stage.candidate_scored for stage in self.stages)


def begin_run(plan: RolloutPlan, at: datetime, policy: Policy | None = None) -> BacktestRun:
    """Put the recorded candidate on a plan, under a policy or under none.

    Raises `InputError` for an SLO that no live metric can answer.
    """
    rollout = begin(
        release="the recorded candidate",
        release_digest="recorded",
        stable_release="the recorded stable release",
        stable_digest="recorded",
        plan=plan,
        now=at,
        because="the recording begins",
    )
    live = judge.start(plan)
    first = _entered(plan.stages[0], at)
    return BacktestRun(
        plan=plan,
        rollout=rollout,
        live=live,
        began_at=at,
        seen_until=at,
        stages=(first,),
        policy=policy,
    )


def _entered(stage: CanaryStage, at: datetime) -> StageRecord:
    return StageRecord(index=stage.index, traffic_pct=stage.traffic_pct, entered_at=at)


def take(run: BacktestRun, window: CallWindow, *, patience: timedelta = SILENCE) -> BacktestRun:
    """Return the run after one more look; a hole of `patience` before it holds the rollout."""
    run = _after_silence(run, window.since - run.seen_until, patience)
    if run.is_over:
        return run
    stage = planned_stage(run.rollout, run.plan)
    batch = window.batch(run.live.last_batch + 1, stage)
    live = judge.look(run.live, batch, run.plan)
    run = replace(run, live=live, stages=(*run.stages[:-1], _grown(run.stage, window)))
    unseen = max(window.silence, _unseen(run, window))
    decision, judgement = _decide(run, window.until, unseen)
    run = replace(run, judgement=judgement or run.judgement, seen_until=window.until)
    return _carried_out(run, decision, window.until)


def _grown(stage: StageRecord, window: CallWindow) -> StageRecord:
    return replace(
        stage,
        candidate_calls=stage.candidate_calls + window.candidate.requests,
        candidate_scored=stage.candidate_scored + window.candidate_scored,
    )


def _after_silence(run: BacktestRun, hole: timedelta, patience: timedelta) -> BacktestRun:
    """Return the run after a hole: a short one stops the clock, a long one holds, as live."""
    limit = max(patience, SILENCE)
    if run.is_over or hole < limit:
        return run
    now = run.seen_until + limit
    decision, _ = _decide(run, now, limit)
    return _carried_out(run, decision, now)


def _unseen(run: BacktestRun, window: CallWindow) -> timedelta:
    """Return the time that a look at this moment would cover, and the window does not."""
    since = run.rollout.last_look_at or run.rollout.stage_entered_at
    covered = min(window.until - since, LONGEST_LOOK)
    return max(covered - (window.until - window.since), timedelta())


def _decide(
    run: BacktestRun, now: datetime, unseen: timedelta
) -> tuple[Decision, LiveJudgement | None]:
    """Judge only where it can matter: at a breach, or when an open stage's time is over."""
    if run.live.breach is None:
        early = advance(run.rollout, _seen(run, now, unseen, None), run.plan)
        if early.healthy < _duration(run) or run.rollout.state is RolloutState.HELD:
            return early, None
    judgement = judge.judge(run.live, run.plan)
    return advance(run.rollout, _seen(run, now, unseen, judgement), run.plan), judgement


def _duration(run: BacktestRun) -> timedelta:
    return planned_stage(run.rollout, run.plan).duration


def _seen(
    run: BacktestRun, now: datetime, unseen: timedelta, judgement: LiveJudgement | None
) -> StageObservation:
    return StageObservation(
        now=now,
        outcome=judgement.outcome if judgement else Outcome.INCONCLUSIVE,
        sentence=judgement.sentence if judgement else "not judged yet",
        traffic_pct=planned_traffic_pct(run.rollout, run.plan),
        scored=judgement.scored if judgement else 0,
        coverage=1.0,
        unseen=unseen,
        frozen=run.policy.why_frozen(now) if run.policy else None,
    )


def _carried_out(run: BacktestRun, decision: Decision, now: datetime) -> BacktestRun:
    """Return the run after a decision, as the controller and the router carry it out."""
    if decision.act is StageAct.WAIT:
        return _waited(run, decision, now)
    look = _decisive(run, decision, now)
    stages = (*run.stages[:-1], _concluded(run.stage, decision, now))
    rollout = follow(run.rollout, decision, now=now)
    if decision.act is StageAct.ADVANCE:
        stages = (*stages, _entered(planned_stage(rollout, run.plan), now))
    return replace(run, rollout=rollout, stages=stages, looks=(*run.looks, look))


def _waited(run: BacktestRun, decision: Decision, now: datetime) -> BacktestRun:
    run = replace(run, rollout=note_look(run.rollout, decision, now=now))
    if not decision.is_frozen:
        return run
    return replace(run, stages=(*run.stages[:-1], replace(run.stage, frozen=decision.because)))


def _concluded(stage: StageRecord, decision: Decision, now: datetime) -> StageRecord:
    """Return the stage as a decision leaves it; a held stage is not left, and may still breach."""
    left_at = None if decision.act is StageAct.HOLD else now
    outcome = _OUTCOMES[decision.act]
    return replace(stage, left_at=left_at, outcome=outcome, because=decision.because)


def _decisive(run: BacktestRun, decision: Decision, now: datetime) -> DecisiveLook:
    return DecisiveLook(
        at=now,
        act=decision.act,
        stage=run.stage.index,
        traffic_pct=run.stage.traffic_pct,
        candidate_calls=run.candidate_calls,
        candidate_scored=run.candidate_scored,
        evidence_against=evidence_against(run.live),
        because=decision.because,
    )


def run_plans(
    plans: Iterable[RolloutPlan],
    windows: Iterable[CallWindow],
    *,
    policy: Policy | None = None,
    patience: timedelta = SILENCE,
    watch: Callable[[Sequence[BacktestRun]], None] | None = None,
) -> list[BacktestRun]:
    """Run all plans over the same windows; return none where no window lets a ramp begin.

    `watch` sees every look.
    """
    runs: list[BacktestRun] = []
    for window in windows:
        if not runs and policy and policy.freeze_at(window.since):
            continue
        runs = runs or [begin_run(plan, window.since, policy) for plan in plans]
        runs = [take(run, window, patience=patience) for run in runs]
        if watch is not None:
            watch(runs)
    return runs
