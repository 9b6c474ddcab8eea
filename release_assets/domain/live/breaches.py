"""Turns latched evidence against the release into findings that name what broke.

Decides which SLOs a breach names: those whose streams it named when the evidence was complete.
In a shadow stage a breach is told, not acted on: the finding is inconclusive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.drops import drop_interval, drop_sentence
from release_assets.domain.live.findings import missing_finding
from release_assets.domain.live.levels import level_interval, level_sentence
from release_assets.domain.live.reading import Reading, amount
from release_assets.domain.live.streams import missing_group, scorers_of

if TYPE_CHECKING:
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.live.state import LiveState
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.domain.rollout.slo import Slo
    from release_assets.domain.statistics.capital import Key


def with_breaches(
    state: LiveState, shown: Shown, plan: RolloutPlan, read: list[Reading]
) -> list[Reading]:
    """The readings, with a failed finding first for each stream that a breach has named."""
    breach = state.breach
    if breach is None:
        return read
    complete = f"evidence against {amount(breach.evidence)} of {state.needed_against:.0f} needed"
    named = [_failed(shown, plan, key, breach.stage) for key in breach.streams]
    failed = [Reading(finding=replace(f, because=f"{f.because}; {complete}")) for f in named]
    if plan.stages[state.stage].mode == "shadow":
        failed = [Reading(finding=_shadowed(reading.finding)) for reading in failed]
    rules = {finding.rule for finding in named}
    return failed + [r for r in read if r.finding.rule not in rules]


def _shadowed(finding: Finding) -> Finding:
    because = f"shadow stage, not acted on: {finding.because}"
    return replace(finding, outcome=Outcome.INCONCLUSIVE, because=because)


def _failed(shown: Shown, plan: RolloutPlan, key: Key, stage: int) -> Finding:
    """What one stream shows in this canary stage; the breach came in canary stage `stage`."""
    slo = _slo_of(plan, stage, key[0])
    return _of_missing(shown, plan, key) if slo is None else _of_slo(shown, slo, key)


def _slo_of(plan: RolloutPlan, stage: int, group: str) -> Slo | None:
    """The SLO in force when the breach came, or None for the stream of missing scores."""
    until_then = (slo for s in reversed(plan.stages[: stage + 1]) for slo in s.slos)
    return next((slo for slo in until_then if slo.group == group), None)


def _of_missing(shown: Shown, plan: RolloutPlan, key: Key) -> Finding:
    scorer = next(name for name in scorers_of(plan) if missing_group(name) == key[0])
    return replace(missing_finding(shown, scorer), outcome=Outcome.FAILED)


def _of_slo(shown: Shown, slo: Slo, key: Key) -> Finding:
    seen = shown.tally(key)
    is_drop = slo.metric.is_compared
    return Finding(
        rule=slo.name,
        outcome=Outcome.FAILED,
        because=drop_sentence(slo, key, seen) if is_drop else level_sentence(slo, seen),
        observed=seen.mean if seen.n else None,
        limit=slo.limit if is_drop else slo.allowed_share,
        n=int(seen.n),
        interval=drop_interval(key, seen) if is_drop else level_interval(slo, seen),
        slice=key[3] if len(key) > 3 else None,
        scorer=key[1] if len(key) > 1 else slo.subject,
    )
