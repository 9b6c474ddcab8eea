"""Turns latched evidence against the release into findings that name what broke.

Decides which SLOs a breach names: those whose streams it named when the evidence was complete.
In a shadow stage a breach is told, not acted on: the finding is inconclusive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.live_drops import drop_interval, drop_sentence
from release_assets.domain.live_findings import missing_finding
from release_assets.domain.live_levels import level_interval, level_sentence
from release_assets.domain.live_streams import group_of, missing_group, rate_limit, scorers_of
from release_assets.domain.live_tallies import Reading, amount, tally
from release_assets.domain.rollout_plan import SloKind
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
    """What one named stream shows in this canary stage, and the evidence that was complete."""
    slo = _slo_of(plan, breach.stage, key[0])
    finding = _of_missing(state, plan, key) if slo is None else _of_slo(state, slo, key)
    clause = f"evidence against {amount(breach.evidence)} of {state.needed_against:.0f} needed"
    return replace(finding, because=f"{finding.because}; {clause}")


def _slo_of(plan: RolloutPlan, stage: int, group: str) -> Slo | None:
    """The SLO in force when the breach came, or None for the stream of missing scores."""
    until_then = (slo for s in reversed(plan.stages[: stage + 1]) for slo in s.slos)
    return next((slo for slo in until_then if group_of(slo) == group), None)


def _of_missing(state: LiveState, plan: RolloutPlan, key: Key) -> Finding:
    scorer = next(name for name in scorers_of(plan) if missing_group(name) == key[0])
    return replace(missing_finding(state, scorer), outcome=Outcome.FAILED)


def _of_slo(state: LiveState, slo: Slo, key: Key) -> Finding:
    seen = tally(state, key)
    is_drop = slo.metric in {"eval", "fairness"} and slo.kind is not SloKind.LEVEL
    return Finding(
        rule=slo.name,
        outcome=Outcome.FAILED,
        because=drop_sentence(slo, key, seen) if is_drop else level_sentence(slo, seen),
        observed=seen.mean if seen.n else None,
        limit=slo.limit if is_drop else rate_limit(slo),
        n=int(seen.n),
        interval=drop_interval(key, seen) if is_drop else level_interval(slo, seen),
        slice=key[3] if len(key) > 3 else None,
        scorer=key[1] if len(key) > 1 else slo.subject,
    )
