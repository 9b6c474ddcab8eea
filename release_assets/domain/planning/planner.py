"""What a rollout plan can catch and prove with its traffic, known before anyone signs it.

Decides which plans can stop nothing: a stage that cannot prove its margins in its longest time, a
stage that can never end. An earlier stage that only guards against large harm is accepted, with a
warning (docs/methods.md, R13).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.statistics import information

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.planning.forecast import SloForecast, StageForecast
    from release_assets.domain.planning.traffic import PlanTraffic
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan


def plan_findings(
    plan: RolloutPlan, stages: Sequence[StageForecast], traffic: PlanTraffic
) -> tuple[Finding, ...]:
    """Judge what the plan can stop with this traffic and scoring budget, as forecast."""
    below = [
        (stage, of)
        for stage, of in zip(plan.stages, stages, strict=True)
        if stage.traffic_pct < 100
    ]
    scores_per_hour = traffic.scores_per_hour or 0.0
    found = [
        _provable(of, forecast, scores_per_hour, is_gap=slo.metric.is_gap)
        for stage, of in below
        for slo, forecast in zip(stage.slos, of.slos, strict=True)
    ]
    ends = [_ends(stage, of, traffic) for stage, of in below]
    return (*found, *ends, _budget(plan, scores_per_hour))


def _provable(
    of: StageForecast, slo: SloForecast, scores_per_hour: float, *, is_gap: bool
) -> Finding:
    is_enough = slo.n_80 <= slo.n_longest
    text = f"{of.place}, {slo.name}: {_power_clause(of, slo)}; {_catch_clause(of, slo)}"
    if not is_enough:
        text += f"; {_cheapest_change(of, slo, scores_per_hour, is_gap=is_gap)}"
    return Finding(
        rule="each_stage_can_prove_its_margin",
        outcome=Outcome.PASSED if is_enough else Outcome.FAILED,
        because=text,
        observed=slo.provable_margin,
        limit=slo.margin,
        n=int(slo.n_planned),
    )


def _power_clause(of: StageForecast, slo: SloForecast) -> str:
    have = f"gets {slo.n_planned:.0f} samples, {slo.n_longest:.0f} at most"
    if slo.margin is None:
        return f"{have}; needs {slo.n_80:.0f} to be judged"
    goal = f"needs {slo.n_80:.0f} to prove {slo.margin:.3f} for 80 % of harmless releases"
    hedge = f" (guards only: the limit is {slo.limit:g})" if of.only_guards(slo) else ""
    return f"{have}; {goal}, {slo.n_90:.0f} for 90 %{hedge}"


def _catch_clause(of: StageForecast, slo: SloForecast) -> str:
    catches = slo.catches
    if not of.is_caught_in_time(slo):
        return f"{catches.drop:.3g} would take {catches.median_n:.0f} samples to be caught"
    return (
        f"catches {catches.drop:.3g} after {catches.median_n:.0f} samples"
        f" ({catches.median_min:.1f} min, {catches.p90_min:.1f} in the worst tenth),"
        f" {catches.calls_at_risk:.0f} candidate calls at risk"
    )


def _cheapest_change(
    of: StageForecast, slo: SloForecast, scores_per_hour: float, *, is_gap: bool
) -> str:
    """Name what would do: more time, then more scores, and last a wider limit."""
    if slo.n_longest <= 0:
        return "cheapest change: give it traffic and a scoring budget"
    factor = slo.n_80 / slo.n_longest
    changes = [f"max_duration_min: {math.ceil(of.longest_min * factor)}"]
    if slo.margin is not None:
        changes.append(f"scores_per_hour: {math.ceil(scores_per_hour * factor)}")
        wider = information.provable_margin(slo.n_longest, is_gap=is_gap)
        changes.append(f"a limit of {math.ceil(wider * 1000) / 1000:g}")
    return f"cheapest change: {', or '.join(changes)}"


def _ends(stage: CanaryStage, of: StageForecast, traffic: PlanTraffic) -> Finding:
    calls, least = traffic.candidate_calls_per_min(stage) * of.longest_min, stage.least_calls
    return Finding(
        rule="each_stage_can_reach_its_least_number_of_calls",
        outcome=Outcome.PASSED if calls >= least else Outcome.FAILED,
        because=f"{of.place} gets {calls:.0f} candidate calls in {of.longest_min:g} min at most,"
        f" {least} needed",
        observed=calls,
        limit=float(least),
    )


def _budget(plan: RolloutPlan, scores_per_hour: float) -> Finding:
    written = plan.scoring_budget_per_hour
    fits = written is None or written <= scores_per_hour
    text = f"the feature declares {scores_per_hour:g} scores an hour, the plan counts on "
    return Finding(
        rule="the_scoring_budget_is_there",
        outcome=Outcome.PASSED if fits else Outcome.FAILED,
        because=text + ("as many as its margins need" if written is None else f"{written:g}"),
        observed=scores_per_hour,
        limit=written,
    )
