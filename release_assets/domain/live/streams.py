"""The questions that live traffic is asked, one a stream, and the numbers each is asked about.

Decides how alpha is shared between SLOs, what one look counts, and what a canary stage has to
prove. Refuses to know batches and bets (`bets.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from release_assets.domain.errors import InputError
from release_assets.domain.rollout.metrics import Counted, SloKind
from release_assets.domain.statistics.information import provable_margin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.traffic import CallCounts
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

MISSING_TOLERATED = 0.01  # excess share of candidate answers that could not be scored
SLICES_EXPECTED = 5  # before traffic shows how many there are; five locales in the example's plan
_WEIGHT_OF_MISSING = 0.25
_WIDEST = 0.5


class Stream(NamedTuple):
    """One question asked of one series of observations; streams of one SLO share a group.

    A level asks about the candidate alone, a drop about the candidate against stable (of all
    answers, or of one `slice`), a gap about the drop in `slice` against the drop in `other`, and
    missing about scores that the candidate lacks more often than stable. A tuple, for a look
    hashes hundreds of them.
    """

    group: str
    scorer: str
    kind: Literal["drop", "gap", "level", "missing"]
    slice: str = ""
    other: str = ""


def stream_of(slo: Slo) -> Stream:
    """Return the one stream of an SLO; a limit on gaps has many (`gap_bets.py`)."""
    is_drop = slo.metric.counted is Counted.DROP
    return Stream(slo.group, slo.subject or "", "drop" if is_drop else "level")


def missing_stream(scorer: str) -> Stream:
    """Return the stream of a scorer's missing scores."""
    return Stream(f"scores_missing {scorer}", scorer, "missing")


def scorers_of(plan: RolloutPlan) -> tuple[str, ...]:
    """Return the scorers whose scores the plan judges; a gap is judged on each of them."""
    slos = [slo for stage in plan.stages for slo in stage.slos]
    judged = (slo for slo in slos if slo.metric.counted in {Counted.DROP, Counted.SCORE})
    return tuple(dict.fromkeys(slo.subject for slo in judged if slo.subject))


@lru_cache(maxsize=64)
def shares_of(plan: RolloutPlan) -> Mapping[str, float]:
    """Return each group's share of alpha, by weight (`rollout/metrics`); together they are one.

    A weighted average of e-processes is one (docs/methods.md, E10).
    """
    weights = {slo.group: slo.metric.weight for stage in plan.stages for slo in stage.slos}
    weights |= {missing_stream(name).group: _WEIGHT_OF_MISSING for name in scorers_of(plan)}
    total = sum(weights.values())
    return MappingProxyType({group: weight / total for group, weight in weights.items()})


def require_judgeable(plan: RolloutPlan) -> None:
    """Raise `InputError` for a gap in a plan that judges no scorer; all else is counted."""
    gaps = (s for stage in plan.stages for s in stage.slos if s.metric.is_gap)
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


# A limit has three numbers (docs/methods.md, R1). A breach is evidence that more than `tolerated`
# was lost; an advance is evidence that less than the margin was. The last monitored stage proves
# the limit itself. An earlier stage cannot: its margin is what its scoring budget can prove, never
# less than the limit (docs/methods.md, R13).


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What may be lost: beyond `tolerated` is a breach, under `margin` is to be proven."""

    tolerated: float
    margin: float

    def narrowed(self, by: float) -> Bounds:
        """Return the bounds with less to lose before the margin is reached."""
        return Bounds(tolerated=self.tolerated, margin=self.margin - by)


def slo_bounds(plan: RolloutPlan, stage: CanaryStage, *slos: Slo) -> Bounds:
    """Return what may be lost in this stage: the most that any of the SLOs allows."""
    return Bounds(
        tolerated=max(slo.tolerated for slo in slos),
        margin=max(margin_to_prove(plan, stage, slo) for slo in slos),
    )


def margin_to_prove(plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> float:
    """Return the drop or gap that this stage has to exclude before the ramp goes on."""
    if stage.evidence == "proof" or slo.kind is SloKind.LEVEL:
        return slo.limit
    if plan.scoring_budget_per_hour is None:
        later = [s for s in plan.stages if s.index > stage.index and s.traffic_pct < 100]
        return min(_WIDEST, slo.limit * (1 + len(later)))
    pairs = plan.scoring_budget_per_hour * (stage.duration / timedelta(hours=1))
    is_gap = slo.metric.is_gap
    pairs = pairs / SLICES_EXPECTED if is_gap else pairs
    return max(slo.limit, min(_WIDEST, provable_margin(pairs, is_gap=is_gap)))


def slice_bounds(plan: RolloutPlan, stage: CanaryStage, gap: Slo, scorer: str) -> Bounds:
    """Return what one slice may lose against its own stable answers, next to a limit on gaps.

    No less than the drift SLO of the stage allows all of them: what all lose alike is no gap.
    """
    drifts = (s for s in stage.slos if s.kind is SloKind.DRIFT and s.subject == scorer)
    return slo_bounds(plan, stage, gap, *drifts)
