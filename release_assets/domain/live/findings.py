"""What one canary stage shows about each SLO, about the scores themselves, and of a breach.

Decides whether the scores can be trusted: missing ones are reported (the proof of a drop pays for
them, see `state.excess_missing`), and too many that are no scores hold the stage. A breach names
the SLOs whose streams it named when the evidence was complete; in a shadow stage it is reported,
not acted on, so the finding is inconclusive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.drops import drift_reading, fairness_reading
from release_assets.domain.live.levels import level_finding
from release_assets.domain.live.reading import SloReading, amount
from release_assets.domain.live.streams import (
    MISSING_TOLERATED,
    margin_to_prove,
    missing_stream,
    scorers_of,
)
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import intervals

if TYPE_CHECKING:
    from release_assets.domain.live.bets import Sums
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.live.scores import Faults
    from release_assets.domain.live.state import LiveState
    from release_assets.domain.live.streams import Stream
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

FAULTS_TOLERATED = 0.01


def readings(shown: Shown, plan: RolloutPlan, stage: CanaryStage) -> list[SloReading]:
    """Read all SLOs of the stage, then the completeness and the soundness of its scores."""
    judged = scorers_of(plan)
    faults = ((scorer, shown.faults[scorer]) for scorer in judged if scorer in shown.faults)
    found = [_missing(shown, scorer) for scorer in judged]
    found += [_unusable(scorer, own) for scorer, own in faults if own.unusable]
    found += [_samples(shown, stage)] if stage.min_samples else []
    of_slos = [_read(shown, plan, stage, slo) for slo in stage.slos]
    return of_slos + [SloReading(finding=finding) for finding in found]


def _read(shown: Shown, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> SloReading:
    if slo.metric.counted is Counted.DROP:
        return drift_reading(shown, slo, margin_to_prove(plan, stage, slo))
    if slo.metric.is_gap:
        return fairness_reading(shown, plan, stage, slo)
    return SloReading(finding=level_finding(shown, stage, slo))


def _samples(shown: Shown, stage: CanaryStage) -> Finding:
    """Judge the stage's own least number: of counted calls, or of scored pairs without any."""
    seen = int(shown.most(shown.place))
    return Finding(
        rule="stage_has_its_least_samples",
        outcome=Outcome.PASSED if seen >= stage.min_samples else Outcome.INCONCLUSIVE,
        because=f"{seen} samples in this canary stage, {stage.min_samples} needed",
        observed=float(seen),
        limit=float(stage.min_samples),
        n=seen,
    )


def _missing(shown: Shown, scorer: str) -> Finding:
    """Pass unless nothing was seen: the proof of a drop pays for what is missing."""
    seen = shown.sums(missing_stream(scorer))
    return Finding(
        rule="scores_are_complete",
        outcome=Outcome.PASSED if seen.n else Outcome.INCONCLUSIVE,
        because=_missing_sentence(scorer, seen),
        observed=seen.mean if seen.n else None,
        limit=MISSING_TOLERATED,
        n=int(seen.n),
        interval=intervals.of_difference(seen.total, seen.squares, seen.n),
        scorer=scorer,
    )


def _missing_sentence(scorer: str, seen: Sums) -> str:
    if not seen.n:
        return f"{scorer}: nothing was sent to the scorer in this canary stage"
    return (
        f"{scorer} is missing {seen.mean:.1%} more often for the candidate than for stable"
        f" on {seen.n:.0f} units, {MISSING_TOLERATED:.0%} tolerated"
    )


def _unusable(scorer: str, faults: Faults) -> Finding:
    seen, bad, *_ = faults
    too_many = bad > FAULTS_TOLERATED * max(seen, 1.0)
    return Finding(
        rule="scores_are_usable",
        outcome=Outcome.INCONCLUSIVE if too_many else Outcome.PASSED,
        because=f"{bad:.0f} scores of {scorer} on {seen:.0f} answers were not numbers in 0..1",
        observed=bad / max(seen, 1.0),
        limit=FAULTS_TOLERATED,
        n=int(seen),
        scorer=scorer,
    )


def with_breaches(
    state: LiveState, shown: Shown, plan: RolloutPlan, read: list[SloReading]
) -> list[SloReading]:
    """Put a failed finding before the readings for each stream that a breach has named."""
    breach = state.breach
    if breach is None:
        return read
    evidence = f"{amount(breach.evidence)} ({state.needed_against:.0f} needed)"
    named = [_broken(shown, plan, stream, breach.stage) for stream in breach.streams]
    broken = [replace(f, because=f"{f.because}; evidence of a breach: {evidence}") for f in named]
    if plan.stages[state.stage].mode == "shadow":
        broken = [_shadowed(found) for found in broken]
    rules = {finding.rule for finding in named}
    return [SloReading(finding=f) for f in broken] + [
        r for r in read if r.finding.rule not in rules
    ]


def _shadowed(finding: Finding) -> Finding:
    because = f"shadow stage, not acted on: {finding.because}"
    return replace(finding, outcome=Outcome.INCONCLUSIVE, because=because)


def _broken(shown: Shown, plan: RolloutPlan, stream: Stream, stage: int) -> Finding:
    """Find what a named stream shows in this canary stage; the breach came in stage `stage`."""
    if stream.kind == "missing":
        return replace(_missing(shown, stream.scorer), outcome=Outcome.FAILED)
    until_then = (slo for s in reversed(plan.stages[: stage + 1]) for slo in s.slos)
    slo = next(slo for slo in until_then if slo.group == stream.group)
    return shown.finding(slo, stream, Outcome.FAILED)
