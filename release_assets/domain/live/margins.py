"""The three numbers of a limit, per canary stage: limit, tolerated, and the margin to prove.

A breach is evidence that more than `tolerated` was lost; an advance is evidence that less than
the margin was. The last monitored stage proves the limit itself. An earlier stage cannot: its
margin is what its scoring budget can prove, never less than the limit (statistics rules 1, 13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from release_assets.domain.rollout.metrics import Counted, SloKind
from release_assets.domain.statistics.information import provable_margin

if TYPE_CHECKING:
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

SLICES_EXPECTED = 5  # before traffic shows how many there are; five locales in the seed's plan
_WIDEST = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What may be lost: beyond `tolerated` is a breach, under `margin` is to be proven."""

    tolerated: float
    margin: float


def margin_to_prove(plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> float:
    """The drop or gap that this stage has to exclude before the ramp goes on."""
    if stage.evidence == "proof" or slo.kind is SloKind.LEVEL:
        return slo.limit
    if plan.scoring_budget_per_hour is None:
        return min(_WIDEST, slo.limit * (1 + _monitored_after(plan, stage)))
    pairs = plan.scoring_budget_per_hour * (stage.duration / timedelta(hours=1))
    is_gap = slo.metric.counted is Counted.GAP
    pairs = pairs / SLICES_EXPECTED if is_gap else pairs
    return max(slo.limit, min(_WIDEST, provable_margin(pairs, is_gap=is_gap)))


def slice_bounds(plan: RolloutPlan, stage: CanaryStage, gap: Slo, scorer: str) -> Bounds:
    """What one slice may lose against its own stable answers, next to a limit on gaps.

    No less than the drift SLO of the stage allows all of them: what all lose alike is no gap.
    """
    slos = [gap, *(s for s in stage.slos if s.kind is SloKind.DRIFT and s.subject == scorer)]
    return Bounds(
        tolerated=max(slo.tolerated for slo in slos),
        margin=max(margin_to_prove(plan, stage, slo) for slo in slos),
    )


def _monitored_after(plan: RolloutPlan, stage: CanaryStage) -> int:
    return sum(1 for later in plan.stages if later.index > stage.index and later.traffic_pct < 100)
