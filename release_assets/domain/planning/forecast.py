"""What one canary stage can catch and prove with its traffic, SLO by SLO.

Forecasts assume replayed pairs of which 4 % move by chance, log-normal costs, five slices scored
equally, and one rating in ten calls (docs/methods.md, R13). Refuses to know which plans are
acceptable (`planner.py`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from release_assets.domain.live.levels import calls_to_judge
from release_assets.domain.live.state import ALPHA
from release_assets.domain.live.streams import SLICES_EXPECTED, margin_to_prove, shares_of
from release_assets.domain.live.wealth import start_share
from release_assets.domain.rollout.metrics import Counted, SloKind
from release_assets.domain.statistics import information

if TYPE_CHECKING:
    from release_assets.domain.planning.traffic import PlanTraffic
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

RATED_SHARE = 0.1  # of calls that users rate
_MINUTE = timedelta(minutes=1)
_LEVEL_DROP = 0.08  # of a score under its least level, as the example's incident has


@dataclass(frozen=True, kw_only=True, slots=True)
class Catch:
    """What it takes to catch harm that begins with the stage.

    `drop` is the drop, gap, rate or cost beyond which nothing is tolerated any more in this
    forecast: twice the limit (for a mean one and a half times), in `unit`. `calls_at_risk` are the
    candidate calls that users get until then, at the median.
    """

    drop: float
    unit: str
    median_n: float
    p90_n: float
    median_min: float
    p90_min: float
    calls_at_risk: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SloForecast:
    """One SLO in one stage.

    `n_planned` and `n_longest` are the samples it gets (pairs in each slice for a gap);
    `margin` is what this stage has to prove, `provable_margin` what its planned duration can,
    `n_80` and `n_90` what `margin` takes; all three are None for a level, which is judged by its
    observed value once `n_80` calls have been counted.
    """

    name: str
    limit: float
    inherited: bool
    n_planned: float
    n_longest: float
    margin: float | None
    provable_margin: float | None
    n_80: float
    n_90: float
    catches: Catch


@dataclass(frozen=True, kw_only=True, slots=True)
class StageForecast:
    """One canary stage."""

    index: int
    traffic_pct: float
    duration_min: float
    longest_min: float
    evidence: str
    slos: tuple[SloForecast, ...]

    @property
    def place(self) -> str:
        """The stage, for a sentence."""
        return f"canary stage {self.index + 1} ({self.traffic_pct:g} %)"

    def only_guards(self, slo: SloForecast) -> bool:
        """Whether it excludes no more than a larger loss than the limit allows."""
        return self.evidence == "guard" and slo.margin is not None and slo.margin > slo.limit

    def is_caught_in_time(self, slo: SloForecast) -> bool:
        """Whether half of all such harm is caught before the stage has to end."""
        return slo.catches.median_min <= self.longest_min

    def document(self) -> dict[str, Any]:
        """Return the JSON form; what takes forever is null."""
        return {name: _without_infinity(value) for name, value in asdict(self).items()}


def _without_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinity(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def forecasts(plan: RolloutPlan, traffic: PlanTraffic) -> tuple[StageForecast, ...]:
    """Forecast what each stage can catch and prove."""
    return tuple(
        StageForecast(
            index=stage.index,
            traffic_pct=stage.traffic_pct,
            duration_min=stage.duration / _MINUTE,
            longest_min=stage.longest / _MINUTE,
            evidence=stage.evidence,
            slos=tuple(_forecast(plan, stage, slo, traffic) for slo in stage.slos),
        )
        for stage in plan.stages
    )


def _forecast(plan: RolloutPlan, stage: CanaryStage, slo: Slo, traffic: PlanTraffic) -> SloForecast:
    calls_per_min, is_gap = traffic.candidate_calls_per_min(stage), slo.metric.is_gap
    per_min = _samples(slo, calls_per_min, traffic.pairs_per_min)
    planned = per_min * (stage.duration / _MINUTE)
    if slo.kind is SloKind.LEVEL:
        margin = provable = None
        n_80 = n_90 = float(calls_to_judge(stage, slo))
    else:
        margin = margin_to_prove(plan, stage, slo)
        provable = information.provable_margin(planned, is_gap=is_gap)
        n_80, n_90 = information.samples_to_prove(margin, is_gap=is_gap)
    return SloForecast(
        name=slo.name,
        limit=slo.limit,
        inherited=slo.inherited,
        n_planned=planned,
        n_longest=per_min * (stage.longest / _MINUTE),
        margin=margin,
        provable_margin=provable,
        n_80=n_80,
        n_90=n_90,
        catches=_catch(plan, stage, slo, per_min, calls_per_min),
    )


def _samples(slo: Slo, calls: float, pairs: float) -> float:
    """Return how many of these calls, or replayed pairs, are samples of an SLO."""
    if slo.metric.is_scored:
        return pairs / SLICES_EXPECTED if slo.metric.is_gap else pairs
    return calls * (RATED_SHARE if slo.metric.is_voluntary else 1.0)


def _catch(
    plan: RolloutPlan, stage: CanaryStage, slo: Slo, per_min: float, calls_per_min: float
) -> Catch:
    harm, growth = _harm(slo)
    alpha = ALPHA * shares_of(plan)[slo.group] * start_share(plan, stage.index)
    streams = SLICES_EXPECTED if slo.metric.is_gap else 1
    median, p90 = information.samples_to_breach(growth, alpha / streams)
    minutes = median / per_min if per_min > 0 else math.inf
    return Catch(
        drop=harm,
        unit=slo.metric.unit,
        median_n=median,
        p90_n=p90,
        median_min=minutes,
        p90_min=p90 / per_min if per_min > 0 else math.inf,
        calls_at_risk=minutes * calls_per_min if calls_per_min > 0 else 0.0,
    )


def _harm(slo: Slo) -> tuple[float, float]:
    """Return the harm that is forecast, and how fast evidence against it grows per sample."""
    if slo.metric.counted is Counted.MEAN:
        return 1.5 * slo.limit, information.cost_growth(1.5)
    if slo.metric.counted is Counted.SCORE:
        return _LEVEL_DROP, information.rate_growth(1 - slo.limit + _LEVEL_DROP, 1 - slo.limit)
    if slo.metric.is_compared:
        return 2 * slo.limit, information.breach_growth(2 * slo.limit, slo.tolerated)
    rate = min(0.5, 2 * slo.allowed_share)
    return rate, information.rate_growth(rate, slo.allowed_share)
