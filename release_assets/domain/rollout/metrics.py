"""The metrics that live traffic can answer, one row for each way to bound one.

Decides how a metric is counted, how it is spelt in a plan and in sentences, and how much of alpha
it gets; SLO names, the judge, forecasts and lints read the row. Refuses to know limits and calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from release_assets.domain.statistics.counts import share_beyond


class SloKind(StrEnum):
    """Of a level itself, of a drop against stable, of a gap between groups."""

    LEVEL = "level"
    DRIFT = "drift"
    DELTA = "delta"


class Counted(StrEnum):
    """What one look takes from live traffic, and so what is bet on (docs/methods.md)."""

    RATE = "rate"  # events among calls: two integers a look (E5)
    PERCENTILE = "percentile"  # calls over the limit among all calls (E7)
    MEAN = "mean"  # an amount of each call, without an upper bound (E8)
    SCORE = "score"  # a score of each of the candidate's answers (E1)
    DROP = "drop"  # stable's score minus the candidate's (E4)
    GAP = "gap"  # how much more one slice drops than another (E4)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Metric:
    """One row; rows are compared by identity, for there is one of each.

    `spellings` are the SLO names, the usual one first, with `{}` for the scorer or the slice key,
    as in `noun`. `noun`, `unit`, `of` and `digits` are for sentences. `among` and `events` are
    fields of `CallCounts`; of a percentile, the events are the calls over its limit. `weight` is
    its share of alpha, beside the other SLOs of a plan.
    """

    name: str
    counted: Counted
    spellings: tuple[str, ...]
    noun: str
    unit: str
    of: str = "calls"
    digits: int = 4
    kind: SloKind = SloKind.LEVEL
    direction: Literal["max", "min"] = "max"
    aggregate: str | None = None
    among: str = ""
    events: str = ""
    weight: float = 1.0

    @property
    def is_scored(self) -> bool:
        """Whether it needs scores of answers; else calls are counted."""
        return self.counted in {Counted.SCORE, Counted.DROP, Counted.GAP}

    @property
    def is_compared(self) -> bool:
        """Whether it compares the candidate's scores with stable's."""
        return self.counted in {Counted.DROP, Counted.GAP}

    @property
    def is_share(self) -> bool:
        """Whether a limit on it lies between 0 and 1."""
        return self.counted not in {Counted.PERCENTILE, Counted.MEAN}

    @property
    def is_voluntary(self) -> bool:
        """Whether calls may come without it, as ratings do."""
        return self.among == "feedback"

    @property
    def share_beyond(self) -> float:
        """The share of calls that may lie beyond the limit of a percentile."""
        return share_beyond(self.aggregate or "")


def _rate(name: str, events: str) -> Metric:
    return Metric(
        name=name,
        counted=Counted.RATE,
        spellings=(f"{name}_max",),
        noun=name.replace("_", " "),
        unit="of calls",
        among="requests",
        events=events,
    )


def _latency(aggregate: str, counted: Counted, *, unit: str, digits: int, among: str) -> Metric:
    return Metric(
        name="latency_ms",
        counted=counted,
        spellings=(
            f"{aggregate}_latency_ms_max",
            f"latency_{aggregate}_ms_max",
            f"latency_ms_{aggregate}_max",
        ),
        noun="latency",
        unit=unit,
        digits=digits,
        aggregate=aggregate,
        among=among,
    )


METRICS = (
    _rate("error_rate", "errors"),
    _rate("timeout_rate", "timeouts"),
    _rate("refusal_rate", "refusals"),
    Metric(
        name="feedback_negative_rate",
        counted=Counted.RATE,
        spellings=("feedback_negative_rate_max",),
        noun="feedback negative rate",
        unit="of ratings",
        of="ratings",
        among="feedback",
        events="feedback_negative",
    ),
    _latency("p50", Counted.PERCENTILE, unit="of calls", digits=4, among="requests"),
    _latency("p95", Counted.PERCENTILE, unit="of calls", digits=4, among="requests"),
    _latency("mean", Counted.MEAN, unit="ms", digits=0, among="latencies_ms"),
    Metric(
        name="cost_per_call_usd",
        counted=Counted.MEAN,
        spellings=("cost_per_call_usd_max", "cost_per_call_usd_mean_max"),
        noun="cost",
        unit="usd",
        aggregate="mean",
        among="costs_usd",
    ),
    # Counts of harm grow within tens of calls, scores within hundreds: alpha goes where it is
    # needed, four times as much to a score and twice as much to a gap.
    Metric(
        name="eval",
        counted=Counted.DROP,
        spellings=("eval_{}_drift_max",),
        noun="{}",
        unit="of score",
        of="scored pairs",
        digits=2,
        kind=SloKind.DRIFT,
        weight=4.0,
    ),
    Metric(
        name="eval",
        counted=Counted.SCORE,
        spellings=("eval_{}_min",),
        noun="{}",
        unit="of score",
        of="scored units",
        digits=2,
        direction="min",
        weight=4.0,
    ),
    Metric(
        name="fairness",
        counted=Counted.GAP,
        spellings=("fairness_{}_delta_max",),
        noun="{}",
        unit="of score",
        of="scored pairs",
        digits=3,
        kind=SloKind.DELTA,
        weight=2.0,
    ),
)
