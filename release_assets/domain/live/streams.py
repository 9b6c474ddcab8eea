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
    if not row.events:
        return sum(took > slo.limit for took in calls.latencies_ms), len(calls.latencies_ms)
    events, n = getattr(calls, row.events), getattr(calls, row.among)
    if not 0 <= events <= n:
        raise InputError(f"{events} {row.events} among {n} {row.among} cannot be counted")
    return events, n


def p95_limit_ms(stage: CanaryStage) -> float | None:
    """Return the latency beyond which a call of this stage is slow; None where no SLO asks."""
    return min((s.limit for s in stage.slos if s.metric.events == "slow"), default=None)


def needs_latencies(stage: CanaryStage) -> bool:
    """Whether an SLO asks for more of latency than calls over the p95 limit."""
    return any(slo.metric.among == "latencies_ms" for slo in stage.slos)
