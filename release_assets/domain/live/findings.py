"""What one canary stage shows about each SLO, and about the scores themselves.

Decides nothing on its own but whether the scores can be trusted: missing ones are told (the proof
of a drop pays for them, see `live_faults.py`), and too many that are no scores hold the stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.drops import drift_reading, fairness_reading
from release_assets.domain.live.levels import level_finding
from release_assets.domain.live.margins import margin_to_prove
from release_assets.domain.live.reading import Reading
from release_assets.domain.live.streams import MISSING_TOLERATED, missing_group, scorers_of
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import intervals

if TYPE_CHECKING:
    from release_assets.domain.live.reading import Shown, Tally
    from release_assets.domain.live.state import Faults
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

FAULTS_TOLERATED = 0.01


def readings(shown: Shown, plan: RolloutPlan, stage: CanaryStage) -> list[Reading]:
    """All SLOs of the stage, then the completeness and the soundness of its scores."""
    made = [_read(shown, plan, stage, slo) for slo in stage.slos]
    judged = scorers_of(plan)
    made += [Reading(finding=missing_finding(shown, scorer)) for scorer in judged]
    made += [
        Reading(finding=_unusable(scorer, shown.faults[scorer]))
        for scorer in judged
        if scorer in shown.faults and shown.faults[scorer].unusable
    ]
    return made + ([Reading(finding=_samples(shown, stage))] if stage.min_samples else [])


def scored(shown: Shown) -> int:
    """The most observations with scores of both arms that any scorer has in this stage."""
    keys = [key for key in shown.place if key[0].startswith("eval ") and len(key) == 1]
    return int(max((shown.tally(key).n for key in keys), default=0.0))


def _read(shown: Shown, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> Reading:
    if slo.metric.counted is Counted.DROP:
        return drift_reading(shown, slo, margin_to_prove(plan, stage, slo))
    if slo.metric.counted is Counted.GAP:
        return fairness_reading(shown, plan, stage, slo)
    return Reading(finding=level_finding(shown, stage, slo))


def _samples(shown: Shown, stage: CanaryStage) -> Finding:
    """The stage's own least number: of counted calls, or of scored pairs where none is counted."""
    seen = int(max((shown.tally(key).n for key in shown.place), default=0.0))
    return Finding(
        rule="stage_has_its_least_samples",
        outcome=Outcome.PASSED if seen >= stage.min_samples else Outcome.INCONCLUSIVE,
        because=f"{seen} samples in this canary stage, {stage.min_samples} needed",
        observed=float(seen),
        limit=float(stage.min_samples),
        n=seen,
    )


def missing_finding(shown: Shown, scorer: str) -> Finding:
    """Passed unless the stream breached: the proof of a drop pays for what is missing."""
    seen = shown.tally((missing_group(scorer),))
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


def _missing_sentence(scorer: str, seen: Tally) -> str:
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
