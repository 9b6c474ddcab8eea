"""What a rollout plan can catch and prove with its traffic, known before anyone signs it.

Decides which plans have no teeth: a stage that cannot prove its margins in its longest time, a
stage that can never end. An earlier stage that only guards against
large harm is accepted, with a warning (docs/methods.md, R13).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.planning.forecast import Catch, SloForecast, StageForecast, forecast
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import information

if TYPE_CHECKING:
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan


def stage_forecasts(
    plan: RolloutPlan, *, calls_per_second: float, scores_per_hour: float
) -> tuple[StageForecast, ...]:
    """Forecast what each stage below 100 % can catch and prove."""
    return tuple(
        forecast(plan, stage, calls_per_second=calls_per_second, scores_per_hour=scores_per_hour)
        for stage in plan.stages
        if stage.traffic_pct < 100
    )


def plan_findings(
    plan: RolloutPlan, *, calls_per_second: float, scores_per_hour: float
) -> tuple[Finding, ...]:
    """Judge whether the plan has teeth with this traffic and scoring budget."""
    forecasts = stage_forecasts(
        plan, calls_per_second=calls_per_second, scores_per_hour=scores_per_hour
    )
    found = [
        _provable(plan.stages[of.index], of, slo, scores_per_hour)
        for of in forecasts
        for slo in of.slos
    ]
    ends = [_ends(plan.stages[f.index], f, calls_per_second) for f in forecasts]
    return (*found, *ends, _budget(plan, scores_per_hour))


def _provable(
    stage: CanaryStage, of: StageForecast, slo: SloForecast, scores_per_hour: float
) -> Finding:
    is_enough = slo.n_80 <= slo.n_longest
    text = f"canary stage {stage.index + 1} ({stage.traffic_pct:g} %), {slo.name}: "
    text += f"{_power_clause(stage, slo)}; {_catch_clause(of, slo.catches)}"
    if not is_enough:
        text += f"; {_cheapest_change(stage, of, slo, scores_per_hour)}"
    return Finding(
        rule="each_stage_can_prove_its_margin",
        outcome=Outcome.PASSED if is_enough else Outcome.FAILED,
        because=text,
        observed=slo.provable_margin,
        limit=slo.margin,
        n=int(slo.n_planned),
    )


def _power_clause(stage: CanaryStage, slo: SloForecast) -> str:
    have = f"gets {slo.n_planned:.0f} samples, {slo.n_longest:.0f} at most"
    if slo.margin is None:
        return f"{have}; needs {slo.n_80:.0f} to be judged"
    goal = f"needs {slo.n_80:.0f} to prove {slo.margin:.3f} for 80 % of harmless releases"
    guards = stage.evidence == "guard" and slo.margin > slo.limit
    hedge = f" (guards only: the limit is {slo.limit:g})" if guards else ""
    return f"{have}; {goal}, {slo.n_90:.0f} for 90 %{hedge}"


def _catch_clause(of: StageForecast, catches: Catch) -> str:
    if catches.median_min > of.longest_min:
        return f"{catches.drop:.3g} would take {catches.median_n:.0f} samples to be caught"
    return (
        f"catches {catches.drop:.3g} after {catches.median_n:.0f} samples"
        f" ({catches.median_min:.1f} min, {catches.p90_min:.1f} in the worst tenth),"
        f" {catches.calls_at_risk:.0f} candidate calls at risk"
    )


def _cheapest_change(
    stage: CanaryStage, of: StageForecast, slo: SloForecast, scores_per_hour: float
) -> str:
    """Name what would do: more time, then more scores, and last a wider limit."""
    if slo.n_longest <= 0:
        return "cheapest change: give it traffic and a scoring budget"
    factor = slo.n_80 / slo.n_longest
    changes = [f"max_duration_min: {math.ceil(of.longest_min * factor)}"]
    if slo.margin is not None:
        changes.append(f"scores_per_hour: {math.ceil(scores_per_hour * factor)}")
        is_gap = any(s.name == slo.name and s.metric.counted is Counted.GAP for s in stage.slos)
        wider = information.provable_margin(slo.n_longest, is_gap=is_gap)
        changes.append(f"a limit of {math.ceil(wider * 1000) / 1000:g}")
    return f"cheapest change: {', or '.join(changes)}"


def _ends(stage: CanaryStage, of: StageForecast, calls_per_second: float) -> Finding:
    calls = calls_per_second * 60 * stage.traffic_pct / 100 * of.longest_min
    least = max(1, stage.min_samples)
    return Finding(
        rule="each_stage_can_reach_its_least_number_of_calls",
        outcome=Outcome.PASSED if calls >= least else Outcome.FAILED,
        because=(
            f"canary stage {stage.index + 1} ({stage.traffic_pct:g} %) gets {calls:.0f} candidate"
            f" calls in {of.longest_min:g} min at most, {least} needed"
        ),
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
