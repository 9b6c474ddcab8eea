"""Turns latched evidence against the release into findings that name what broke.

Decides which SLOs a breach names: those whose streams it named when the evidence was complete.
In a shadow stage a breach is told, not acted on: the finding is inconclusive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.live_drops import drop_sentence
from release_assets.domain.live_findings import missing_sentence
from release_assets.domain.live_levels import level_sentence
from release_assets.domain.live_streams import group_of, missing_group, scorers_of
from release_assets.domain.live_tallies import Reading, amount, tally
from release_assets.domain.rollout_plan import SloKind
from release_assets.domain.statistics import intervals
from release_assets.domain.verdict import Finding, Outcome

if TYPE_CHECKING:
    from release_assets.domain.live_state import Breach, LiveState
    from release_assets.domain.rollout_plan import CanaryStage, RolloutPlan, Slo
    from release_assets.domain.statistics.capital import Key


def with_breaches(
    state: LiveState, plan: RolloutPlan, stage: CanaryStage, read: list[Reading]
) -> list[Reading]:
    """The readings, with a failed finding first for each stream that a breach has named."""
    breach = state.breach
    if breach is None:
        return read
    failed = [Reading(finding=_failed(state, plan, key, breach)) for key in breach.streams]
    if stage.mode == "shadow":
        failed = [Reading(finding=_shadowed(reading.finding)) for reading in failed]
    named = {reading.finding.rule for reading in failed}
    return failed + [r for r in read if r.finding.rule not in named]


def _shadowed(finding: Finding) -> Finding:
    because = f"shadow stage, not acted on: {finding.because}"
    return replace(finding, outcome=Outcome.INCONCLUSIVE, because=because)


def _failed(state: LiveState, plan: RolloutPlan, key: Key, breach: Breach) -> Finding:
    seen = tally(state, key)
    clause = f"evidence against {amount(breach.evidence)} of {state.needed_against:.0f} needed"
    slo, scorer = _slo_of(plan, breach.stage, key[0]), key[1] if len(key) > 1 else None
    if slo is None:
        scorer = next(name for name in scorers_of(plan) if missing_group(name) == key[0])
        text, rule, limit = missing_sentence(scorer, seen), "scores_are_complete", None
    else:
        scorer = slo.subject if slo.metric == "eval" else scorer
        text = drop_sentence(slo, key, seen) if _is_drop(slo) else level_sentence(slo, seen)
        rule, limit = slo.name, slo.limit
    is_drop = slo is None or _is_drop(slo)
    return Finding(
        rule=rule,
        outcome=Outcome.FAILED,
        because=f"{text}; {clause}",
        observed=seen.mean if seen.n else None,
        limit=limit,
        n=int(seen.n),
        interval=intervals.of_difference(seen.total, seen.squares, seen.n) if is_drop else None,
        slice=key[3] if len(key) > 3 else None,
        scorer=scorer,
    )


def _is_drop(slo: Slo) -> bool:
    return slo.metric in {"eval", "fairness"} and slo.kind is not SloKind.LEVEL


def _slo_of(plan: RolloutPlan, stage: int, group: str) -> Slo | None:
    """The SLO in force when the breach came, or None for the stream of missing scores."""
    return next((slo for slo in plan.stages[stage].slos if group_of(slo) == group), None)
