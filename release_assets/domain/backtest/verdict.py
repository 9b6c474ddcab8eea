"""What a backtest concludes: promoted, taken back, or neither, and why.

Decides the verdict from the run and from what its recording lacks: passed when promoted, failed on
a breach, inconclusive when held, when the recording ends first, or when it lacks something. Also
how much earlier one of two plans would have fired.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from release_assets.domain.backtest.completeness import recording_findings
from release_assets.domain.finding import Finding, Outcome, worst
from release_assets.domain.live.judge import judge
from release_assets.domain.rollout.decision import StageAct
from release_assets.domain.rollout.machine import RolloutState
from release_assets.domain.verdict import Verdict
from release_assets.domain.wording import time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.backtest.calls import RecordingFacts, RecordingNeeds
    from release_assets.domain.backtest.run import BacktestRun, DecisiveLook, StageRecord

GATE = "backtest"


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktestBreach:
    """The look that would have taken the release back; calls and scores since the ramp began."""

    at: datetime
    slo: str
    candidate_scored: int
    candidate_calls: int
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Backtest:
    """One plan's answer to one recording."""

    verdict: Verdict
    plan_digest: str
    promoted: bool
    breach: BacktestBreach | None
    stages: tuple[StageRecord, ...]
    looks: tuple[DecisiveLook, ...]

    def document(self) -> dict[str, Any]:
        """Return the JSON document of `countersign backtest` for one plan."""
        return self.verdict.document() | {
            "promoted": self.promoted,
            "breach": _plain(asdict(self.breach)) if self.breach else None,
            "stages": [_plain(asdict(stage)) for stage in self.stages],
            "looks": [_plain(asdict(look)) for look in self.looks],
            "plan_digest": self.plan_digest,
        }


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for key, value in document.items()
    }


def conclude_backtest(
    run: BacktestRun | None, facts: RecordingFacts, needs: RecordingNeeds, *, plan_digest: str
) -> Backtest:
    """Return the verdict on one plan; `run` is None where no ramp began.

    Then the candidate never had a call, or starting was frozen while it had.
    """
    lacks = recording_findings(facts, needs)
    found = (*lacks, *(_run_findings(run) if run else _never_begun(facts)))
    outcome = worst(finding.outcome for finding in found)
    headline = _headline(run, outcome, lacks) if run else f"{outcome}: {_missing(found)}"
    return Backtest(
        verdict=Verdict(gate=GATE, outcome=outcome, headline=headline, findings=found),
        plan_digest=plan_digest,
        promoted=outcome is Outcome.PASSED,
        breach=_breach(run) if run else None,
        stages=_stages(run) if run else (),
        looks=run.looks if run else (),
    )


def _never_begun(facts: RecordingFacts) -> tuple[Finding, ...]:
    """Return why no ramp began: nothing is promoted then, whatever the recording holds."""
    if facts.began_at is None:
        return ()
    because = "the policy's freeze windows let no ramp begin while calls were recorded"
    return (Finding(rule="a_ramp_may_begin", outcome=Outcome.INCONCLUSIVE, because=because),)


def _missing(found: tuple[Finding, ...]) -> str:
    return next(f.because for f in found if f.outcome is not Outcome.PASSED)


def _run_findings(run: BacktestRun) -> tuple[Finding, ...]:
    """Return a finding for each stage passed, and what stopped the run, if anything did."""
    passed = [_stage_finding(run, s) for s in run.stages if s.outcome is Outcome.PASSED]
    if run.rollout.state in {RolloutState.COMPLETE, RolloutState.WATCHING}:
        return tuple(passed)
    judged = judge(run.live, run.plan).findings
    if run.rollout.state is RolloutState.BRAKED:
        return (*passed, *(f for f in judged if f.outcome is Outcome.FAILED))
    rule = "canary_stage_is_decided"
    if run.rollout.state is RolloutState.RAMPING:
        rule = "recording_is_long_enough"
    stopped = Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=_stopped(run))
    open_ones = [f for f in judged if f.outcome is Outcome.INCONCLUSIVE]
    return (*passed, stopped, *open_ones)


def _stage_finding(run: BacktestRun, stage: StageRecord) -> Finding:
    return Finding(
        rule="canary_stage_is_passed",
        outcome=Outcome.PASSED,
        because=f"{_place(run, stage)}: {stage.because}",
        n=stage.candidate_scored,
    )


def _place(run: BacktestRun, stage: StageRecord) -> str:
    is_full = stage.index == len(run.plan.stages) - 1
    name = "the watch at" if is_full else f"canary stage {stage.index + 1},"
    return f"{name} {stage.traffic_pct:g} %"


def _stopped(run: BacktestRun) -> str:
    """Return why the run was neither promoted nor taken back."""
    where = _place(run, run.stage)
    if run.rollout.state is RolloutState.HELD:
        return f"held in {where}: {run.stage.because}"
    if run.stage.frozen:
        return f"the recording ends in {where}, {run.stage.frozen}"
    duration = run.plan.stages[run.stage.index].duration
    seen = f"{time(run.rollout.healthy)} of {time(duration)} observed healthy"
    judged = judge(run.live, run.plan)
    doubt = "" if judged.outcome is Outcome.PASSED else f"; {judged.sentence}"
    return f"the recording ends in {where}: {seen}{doubt}"


def _stages(run: BacktestRun) -> tuple[StageRecord, ...]:
    """Return the stages as the run left them; the one that the recording ended has its reason."""
    if run.stage.because:
        return run.stages
    return (*run.stages[:-1], replace(run.stage, because=_stopped(run)))


def _breach(run: BacktestRun) -> BacktestBreach | None:
    if run.rollout.state is not RolloutState.BRAKED:
        return None
    look, judgement = run.looks[-1], judge(run.live, run.plan)
    broken = [f for f in judgement.findings if f.outcome is Outcome.FAILED]
    return BacktestBreach(
        at=look.at,
        slo=broken[0].rule,
        candidate_scored=look.candidate_scored,
        candidate_calls=look.candidate_calls,
        because=look.because,
    )


def _headline(run: BacktestRun, outcome: Outcome, lacks: tuple[Finding, ...]) -> str:
    """Return the one sentence; what the recording lacks goes before what was not decided."""
    if outcome is Outcome.FAILED:
        return f"failed: {_fired(run)}"
    missing = next((f for f in lacks if f.outcome is not Outcome.PASSED), None)
    if missing or outcome is not Outcome.PASSED:
        return f"inconclusive: {missing.because if missing else _stopped(run)}"
    return f"passed: {_promoted(run)}"


def _fired(run: BacktestRun) -> str:
    look = run.looks[-1]
    return (
        f"taken back {time(look.at - run.began_at)} into the ramp, in {_place(run, run.stage)},"
        f" after {look.candidate_calls} candidate calls ({look.candidate_scored} scored):"
        f" {look.because}"
    )


def _promoted(run: BacktestRun) -> str:
    raised = [look for look in run.looks if look.act is StageAct.ADVANCE]
    last = raised[-1]
    text = f"promoted to 100 % after {time(last.at - run.began_at)}: {len(raised)} canary stages"
    text += f" on {last.candidate_calls} candidate calls ({last.candidate_scored} scored)"
    if run.rollout.state is RolloutState.COMPLETE:
        return f"{text}, and the watch of {time(run.plan.watch)} after them"
    seen = f"{time(run.rollout.healthy)} of the {time(run.plan.watch)} of the watch"
    return f"{text}; the recording has {seen}, without a breach"


def comparison(one: Backtest, other: Backtest) -> dict[str, Any] | None:
    """Return how much earlier the first plan fires than the other; None unless both fire."""
    if one.breach is None or other.breach is None:
        return None
    return {
        "candidate_calls": other.breach.candidate_calls - one.breach.candidate_calls,
        "candidate_scored": other.breach.candidate_scored - one.breach.candidate_scored,
        "seconds": (other.breach.at - one.breach.at).total_seconds(),
    }
