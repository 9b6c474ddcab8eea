"""Looks at a canary stage: evidence against the release, evidence for it, findings out.

Two hypotheses (law 5; docs/methods.md, R2). A breach is evidence of 1/alpha = 100 against "every
SLO of every stage is kept at what is tolerated", summed over all streams of the whole ramp, so a
harmless release is taken back in 1 % of ramps at most, however often one looks. An advance is
evidence of 20 for "the margin is kept" in each required stream, on the whole stage and on its
second half, read now. In between the stage waits. Breach goes before doubt, doubt before passing.

Refuses to know time, traffic and people: batches in, state and judgement out. Calls of one session
in several batches are several observations here; whoever samples takes one call of each session, as
the local replayer does, or makes looks longer than sessions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError
from release_assets.domain.finding import Finding, Outcome, worst
from release_assets.domain.live import wealth
from release_assets.domain.live.bets import Growth, missing_bet, slo_bet
from release_assets.domain.live.findings import readings, with_breaches
from release_assets.domain.live.gap_bets import slice_growth
from release_assets.domain.live.reading import NEEDED_FOR, Shown, SloReading
from release_assets.domain.live.state import ALPHA, LiveState, excess_missing, with_scores_read
from release_assets.domain.live.streams import (
    require_judgeable,
    shares_of,
    slice_bounds,
    slo_bounds,
)
from release_assets.domain.statistics.windows import boundaries_passed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from release_assets.domain.live.scores import Scores
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveJudgement:
    """What is known at the moment of decision.

    `outcome`: failed is a breach, passed is proof in every required stream of the stage.
    `evidence_against` counts all streams together; `evidence_for` the weakest of those that have
    to be proven (where nothing has to be, it equals `needed_for`). `scored` counts the
    observations of the stage that have scores of both arms.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    evidence_against: float
    needed_against: float
    evidence_for: float
    needed_for: float
    scored: int
    sentence: str


def start(plan: RolloutPlan, *, alpha: float = ALPHA) -> LiveState:
    """Return a state that has seen nothing; raises `InputError` for an SLO that nothing measures.

    The emergency path takes an `alpha` of 0.05 (docs/methods.md, R17).
    """
    require_judgeable(plan)
    return LiveState(plan_digest=plan.digest, alpha=alpha)


def look(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> LiveState:
    """Take in one batch; a batch at or before the last one changes nothing.

    Raises `InputError` for a batch of a canary stage that the plan does not have, for another
    plan than the state was started with, and for counts that cannot be.
    """
    _require_fit(state, batch, plan)
    if batch.id <= state.last_batch:
        return state
    stage = plan.stages[batch.stage]
    state = wealth.with_wealth_released(_entered(state, stage), batch, plan)
    state, scored = with_scores_read(state, batch, plan)
    growths = list(_growths(state, batch, plan, scored))
    since_s, until_s = state.elapsed_s, state.elapsed_s + batch.seconds
    boundaries = boundaries_passed(since_s, until_s, stage.duration.total_seconds())
    state = wealth.with_bets(state, growths, boundaries)
    state = replace(state, last_batch=batch.id, elapsed_s=until_s)
    return wealth.with_breach(state, shares_of(plan))


def replay(plan: RolloutPlan, batches: Iterable[LiveBatch]) -> LiveState:
    """Return the state after batches that were looked at before, in their order."""
    state = start(plan)
    for batch in batches:
        state = look(state, batch, plan)
    return state


def _require_fit(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> None:
    if state.plan_digest != plan.digest:
        hint = "a changed plan is a new rollout"
        raise InputError("this live state belongs to another rollout plan", hint=hint)
    if not 0 <= batch.stage < len(plan.stages):
        raise InputError(f"batch {batch.id} is of canary stage {batch.stage}, which is not planned")


def _entered(state: LiveState, stage: CanaryStage) -> LiveState:
    if stage.index == state.stage:
        return state
    return replace(state.with_windows_anew(), stage=stage.index)


def _growths(
    state: LiveState, batch: LiveBatch, plan: RolloutPlan, scored: Mapping[str, Scores]
) -> Iterator[Growth]:
    """Let the bets of all streams win or lose; missing candidate scores narrow the margins."""
    stage, bets = plan.stages[batch.stage], []
    for slo in stage.slos:
        excess = excess_missing(state, slo)
        bounds = slo_bounds(plan, stage, slo).narrowed(excess)
        if not slo.metric.is_gap:
            bets.append(slo_bet(slo, bounds, batch, scored))
            continue
        for name in sorted(scored):
            alone = slice_bounds(plan, stage, slo, name).narrowed(excess)
            of_slices = scored[name].compared.sides_by_slice(slo.subject or "")
            if of_slices:
                yield slice_growth(slo, name, of_slices, alone=alone, gap=bounds)
    bets += [missing_bet(name, scored[name]) for name in sorted(scored)]
    if seen := [bet for bet in bets if bet is not None and bet.sums.n]:
        yield Growth.of(seen)


def judge(state: LiveState, plan: RolloutPlan) -> LiveJudgement:
    """Judge the canary stage of the last batch, now; before any batch nothing is known."""
    shown = Shown.of(state)
    if state.stage < 0:
        return _judgement(state, [_nothing_seen("no look has been taken yet")], shown)
    stage = plan.stages[state.stage]
    read = readings(shown, plan, stage)
    if not stage.slos:
        read = [_nothing_seen(f"canary stage {stage.index + 1} has no SLO")]
    return _judgement(state, with_breaches(state, shown, plan, read), shown)


def _nothing_seen(because: str) -> SloReading:
    finding = Finding(rule="stage_is_judged", outcome=Outcome.INCONCLUSIVE, because=because)
    return SloReading(finding=finding)


def _judgement(state: LiveState, read: list[SloReading], shown: Shown) -> LiveJudgement:
    outcome = worst(reading.finding.outcome for reading in read)
    against = max(wealth.evidence_against(state), state.breach.evidence if state.breach else 0)
    weakest = min(reading.evidence_for for reading in read)
    return LiveJudgement(
        outcome=outcome,
        findings=tuple(reading.finding for reading in read),
        evidence_against=against,
        needed_against=state.needed_against,
        evidence_for=weakest if math.isfinite(weakest) else NEEDED_FOR,
        needed_for=NEEDED_FOR,
        scored=shown.scored,
        sentence=_sentence(state, outcome, read),
    )


def _sentence(state: LiveState, outcome: Outcome, read: list[SloReading]) -> str:
    """Return the one thing to know: the harm, the doubt, or how much was proven."""
    decisive = (reading for reading in read if reading.finding.outcome is outcome)
    weakest = min(decisive, key=lambda reading: reading.evidence_for)
    if outcome is not Outcome.PASSED:
        return weakest.finding.because
    head = f"canary stage {state.stage + 1}: {len(read)} of {len(read)} rules hold"
    return f"{head}; {weakest.finding.because}" if math.isfinite(weakest.evidence_for) else head
