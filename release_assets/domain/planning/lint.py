"""Lints a rollout plan: what each stage catches and proves with its traffic, and if it may run.

Decides which figures are known: without the traffic or the scoring budget nothing is promised and
the verdict is inconclusive. Which plans can stop nothing, `planner.py` decides; a stage that only
guards is a warning. Refuses to know files.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.planning.forecast import forecasts
from release_assets.domain.planning.planner import plan_findings
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.verdict import Verdict, conclude
from release_assets.domain.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_assets.domain.planning.forecast import SloForecast, StageForecast
    from release_assets.domain.planning.traffic import PlanTraffic
    from release_assets.domain.rollout.plan import RolloutPlan

GATE = "plan_lint"
_OF_TRAFFIC = ("n_planned", "n_longest", "provable_margin")
_OF_TIME = ("median_min", "p90_min", "calls_at_risk")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLint:
    """The verdict, and a forecast for each stage."""

    verdict: Verdict
    plan: RolloutPlan
    traffic: PlanTraffic
    stages: tuple[StageForecast, ...]
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the JSON form of a lint."""
        return self.verdict.document() | {
            "plan_digest": self.plan.digest,
            "stages": [self._stage(stage) for stage in self.stages],
            "warnings": list(self.warnings),
            "traffic": asdict(self.traffic),
        }

    def _stage(self, stage: StageForecast) -> dict[str, Any]:
        document = stage.document()
        if self.traffic.is_known:
            return document
        return document | {"slos": [_without_traffic(slo) for slo in document["slos"]]}


def _without_traffic(slo: dict[str, Any]) -> dict[str, Any]:
    """Return what holds for any traffic; the rest is null."""
    catches = slo["catches"] | dict.fromkeys(_OF_TIME)
    return slo | dict.fromkeys(_OF_TRAFFIC) | {"catches": catches}


def lint_plan(plan: RolloutPlan, traffic: PlanTraffic) -> PlanLint:
    """Judge a plan before anybody signs it; its own scoring budget counts as known."""
    if traffic.scores_per_hour is None:
        traffic = replace(traffic, scores_per_hour=plan.scoring_budget_per_hour)
    stages = forecasts(plan, traffic)
    findings = plan_findings(plan, stages, traffic) if traffic.is_known else [_unknown(traffic)]
    verdict = conclude(GATE, findings)
    if verdict.is_passed:
        verdict = replace(verdict, headline=_promise(plan, stages, traffic))
    warnings = tuple(_warnings(stages)) if traffic.is_known else ()
    return PlanLint(verdict=verdict, plan=plan, traffic=traffic, stages=stages, warnings=warnings)


def _unknown(traffic: PlanTraffic) -> Finding:
    figures = {"--traffic-rps": traffic.calls_per_second}
    figures["--scores-per-hour"] = traffic.scores_per_hour
    lacking = " and ".join(option for option, figure in figures.items() if figure is None)
    return Finding(
        rule="traffic_is_known",
        outcome=Outcome.INCONCLUSIVE,
        because=f"what this plan catches and proves in its time is unknown without {lacking}"
        " ('traffic' of feature.yaml has them)",
    )


def _promise(plan: RolloutPlan, stages: tuple[StageForecast, ...], traffic: PlanTraffic) -> str:
    """Return in one sentence what is caught where, and what full traffic opens with."""
    drift = next(s for s in plan.last_monitored.slos if s.metric.counted is Counted.DROP)
    proven = f"a {drift.subject} drop of {number(drift.limit)} is excluded before full traffic"
    return (
        f"passed: {_caught(stages, drift.name, drift.noun)}, and {proven},"
        f" with {traffic.calls_per_second:g} calls a second and {traffic.scores_per_hour:g}"
        " scores an hour"
    )


def _caught(stages: tuple[StageForecast, ...], name: str, subject: str) -> str:
    for stage in stages:
        for slo in stage.slos:
            if slo.name == name and stage.is_caught_in_time(slo):
                return (
                    f"a {subject} drop of {number(slo.catches.drop)} that begins with {stage.place}"
                    f" is caught after {slo.catches.median_n:.0f} samples"
                    f" ({slo.catches.median_min:.3g} min)"
                )
    return f"no canary stage catches twice the limit of {subject} in its time"


def _warnings(stages: tuple[StageForecast, ...]) -> Iterator[str]:
    """Yield what is accepted, and should be known."""
    for stage in stages[:-1]:
        excluded = ", ".join(_guarded(slo) for slo in stage.slos if stage.only_guards(slo))
        if excluded:
            yield f"{stage.place} only guards: it excludes {excluded}"
        late = ", ".join(slo.name for slo in stage.slos if not stage.is_caught_in_time(slo))
        if late:
            yield f"{stage.place} is over before it would catch twice the limit of {late}"


def _guarded(slo: SloForecast) -> str:
    return f"{number(slo.margin or 0.0)} of {slo.name}, whose limit is {number(slo.limit)}"


def margin_ladder(lint: PlanLint) -> dict[str, tuple[float | None, ...]]:
    """Return what each stage below 100 % has to exclude, by SLO; None before it has the SLO."""
    below = lint.plan.stages[:-1]
    drops = {s.group: s.name for stage in below for s in stage.slos if s.metric.is_compared}
    margins = [
        {slo.group: found.margin for slo, found in zip(stage.slos, of.slos, strict=True)}
        for stage, of in zip(below, lint.stages, strict=False)
    ]
    return {name: tuple(of.get(group) for of in margins) for group, name in drops.items()}
