"""Which SLOs live traffic can answer, and how alpha is shared between them.

Decides the group of streams that an SLO is judged by across stages, and each group's share.
Refuses to know batches and bets (`live_wagers.py`).
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError
from release_assets.domain.rollout.plan import SloKind
from release_assets.domain.statistics.counts import tolerated_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.traffic import CallCounts
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan, Slo

MISSING_TOLERATED = 0.01  # excess share of candidate answers that could not be scored
_MISSING = "scores_missing"
_COUNTED = {  # metric: (events, calls) of CallCounts
    "error_rate": ("errors", "requests"),
    "timeout_rate": ("timeouts", "requests"),
    "refusal_rate": ("refusals", "requests"),
    "feedback_negative_rate": ("feedback_negative", "feedback"),
    "latency_ms": ("slow", "requests"),
}
_AGGREGATES: Mapping[str, tuple[str | None, ...]] = {
    "latency_ms": ("p50", "p95", "mean"),
    "cost_per_call_usd": (None, "mean"),
}
# Counts of harm grow within tens of calls, scores within hundreds: alpha goes where it is needed.
_APPETITE = {"eval": 4.0, "fairness": 2.0}


def group_of(slo: Slo) -> str:
    """The SLO's streams across stages, however its name is spelt in each."""
    parts = (slo.metric, slo.aggregate, slo.subject, slo.kind.value, slo.bound)
    return " ".join(part for part in parts if part)


def missing_group(scorer: str) -> str:
    """The stream of a scorer's missing scores."""
    return f"{_MISSING} {scorer}"


def scorers_of(plan: RolloutPlan) -> tuple[str, ...]:
    """The scorers whose scores the plan judges; a fairness SLO is judged on each of them."""
    slos = [slo for stage in plan.stages for slo in stage.slos]
    return tuple(dict.fromkeys(s.subject for s in slos if s.metric == "eval" and s.subject))


@lru_cache(maxsize=64)
def shares_of(plan: RolloutPlan) -> Mapping[str, float]:
    """Each group's share of alpha; together one (E10)."""
    slos = [slo for stage in plan.stages for slo in stage.slos]
    appetite = {group_of(slo): _APPETITE.get(slo.metric, 1.0) for slo in slos}
    appetite |= {missing_group(scorer): 0.25 for scorer in scorers_of(plan)}
    total = sum(appetite.values())
    return MappingProxyType({group: wanted / total for group, wanted in appetite.items()})


def require_judgeable(slo: Slo, plan: RolloutPlan) -> None:
    """Raise `InputError` for an SLO that no emitted metric can answer."""
    if not is_judgeable(slo, plan):
        hint = "live batches count calls over the p95 limit, errors, timeouts, refusals, ratings"
        raise InputError(f"nothing measures '{slo.name}' on live traffic", hint=hint)


def is_judgeable(slo: Slo, plan: RolloutPlan) -> bool:
    """Whether live batches hold what this SLO bounds; gaps are judged on the plan's scorers."""
    if slo.metric == "eval":
        bound = "min" if slo.kind is SloKind.LEVEL else "max"
        return slo.subject is not None and slo.bound == bound and slo.kind is not SloKind.DELTA
    if slo.metric == "fairness":
        named = slo.subject is not None and bool(scorers_of(plan))
        return named and slo.kind is SloKind.DELTA and slo.bound == "max"
    if slo.metric in _AGGREGATES:
        is_known = slo.aggregate in _AGGREGATES[slo.metric] and slo.kind is SloKind.LEVEL
        return is_known and slo.bound == "max" and slo.limit > 0
    return slo.metric in _COUNTED and slo.bound == "max"


def is_mean(slo: Slo) -> bool:
    """Whether the SLO bounds a mean that has no upper bound of its own (E8)."""
    return slo.metric == "cost_per_call_usd" or slo.aggregate == "mean"


def counted(slo: Slo, calls: CallCounts) -> tuple[int, int]:
    """Events and calls of a counted SLO; raises `InputError` for counts that cannot be."""
    if slo.aggregate == "p50":
        return sum(took > slo.limit for took in calls.latencies_ms), len(calls.latencies_ms)
    of_events, of_calls = _COUNTED[slo.metric]
    events, n = getattr(calls, of_events), getattr(calls, of_calls)
    if not 0 <= events <= n:
        raise InputError(f"{events} {of_events} among {n} {of_calls} cannot be counted")
    return events, n


def p95_limit_ms(stage: CanaryStage) -> float | None:
    """The latency beyond which a call of this stage is slow (E7); None where no SLO asks."""
    limits = [s.limit for s in stage.slos if s.metric == "latency_ms" and s.aggregate == "p95"]
    return min(limits, default=None)


def needs_latencies(stage: CanaryStage) -> bool:
    """Whether an SLO asks for more of latency than calls over the p95 limit."""
    return any(s.metric == "latency_ms" and s.aggregate != "p95" for s in stage.slos)


def rate_limit(slo: Slo) -> float:
    """The share of calls that a counted SLO allows: for p95, 5 % over the limit (E7)."""
    is_percentile = slo.metric == "latency_ms" and not is_mean(slo)
    return tolerated_share(slo.aggregate or "p95") if is_percentile else slo.limit
