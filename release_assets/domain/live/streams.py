"""Which scores a plan judges, what one look counts, and how alpha is shared between SLOs.

Refuses to know batches and bets (`bets.py`).
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError
from release_assets.domain.rollout.metrics import Counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.traffic import CallCounts
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

MISSING_TOLERATED = 0.01  # excess share of candidate answers that could not be scored
_MISSING = "scores_missing"
_WEIGHT_OF_MISSING = 0.25


def missing_group(scorer: str) -> str:
    """Name the group of a scorer's missing scores."""
    return f"{_MISSING} {scorer}"


def scorers_of(plan: RolloutPlan) -> tuple[str, ...]:
    """Return the scorers whose scores the plan judges; a gap is judged on each of them."""
    slos = [slo for stage in plan.stages for slo in stage.slos]
    judged = (slo for slo in slos if slo.metric.counted in {Counted.DROP, Counted.SCORE})
    return tuple(dict.fromkeys(slo.subject for slo in judged if slo.subject))


@lru_cache(maxsize=64)
def shares_of(plan: RolloutPlan) -> Mapping[str, float]:
    """Return each group's share of alpha; together one (docs/methods.md, E10)."""
    weights = {slo.group: slo.metric.weight for stage in plan.stages for slo in stage.slos}
    weights |= {missing_group(scorer): _WEIGHT_OF_MISSING for scorer in scorers_of(plan)}
    total = sum(weights.values())
    return MappingProxyType({group: weight / total for group, weight in weights.items()})


def require_judgeable(plan: RolloutPlan) -> None:
    """Raise `InputError` for a gap in a plan that judges no scorer; all else is counted."""
    gaps = (s for stage in plan.stages for s in stage.slos if s.metric.counted is Counted.GAP)
    gap = next(gaps, None)
    if gap is not None and not scorers_of(plan):
        hint = "add an SLO on the scores themselves, like 'eval_groundedness_drift_max: 0.04'"
        raise InputError(f"nothing measures '{gap.name}' on live traffic", hint=hint)


def counted(slo: Slo, calls: CallCounts) -> tuple[int, int]:
    """Return events and calls of a counted SLO; raises `InputError` for impossible counts."""
    row = slo.metric
    if row.counted is Counted.PERCENTILE:
        events, n = _over_limit(slo, calls)
    else:
        events, n = getattr(calls, row.events), getattr(calls, row.among)
    if not 0 <= events <= n:
        name = row.events or "slow"
        raise InputError(f"{events} {name} among {n} {row.among} cannot be counted")
    return events, n


def _over_limit(slo: Slo, calls: CallCounts) -> tuple[int, int]:
    """Return the calls over the limit of a percentile, and all; no calls where none counted them.

    Single latencies answer for any limit; looks of older versions hold those, or `slow` for p95.
    """
    over = calls.over_ms.get(slo.limit)
    if over is None and calls.latencies_ms:
        return sum(took > slo.limit for took in calls.latencies_ms), len(calls.latencies_ms)
    if over is None and slo.metric.aggregate == "p95":
        over = calls.slow
    return (0, 0) if over is None else (over, calls.requests)


def latency_limits_ms(stage: CanaryStage) -> tuple[float, ...]:
    """Return the latencies over which a look at this stage counts calls, for its percentiles."""
    percentiles = (s.limit for s in stage.slos if s.metric.counted is Counted.PERCENTILE)
    return tuple(sorted(set(percentiles)))


def needs_latencies(stage: CanaryStage) -> bool:
    """Whether an SLO bounds a mean latency, for which no count will do."""
    return any(slo.metric.among == "latencies_ms" for slo in stage.slos)
