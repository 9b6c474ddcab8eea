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
    """What one look takes from live traffic, and so what is bet on.

    In this order (docs/methods.md, E5, E7, E8, E1, E4, E4).
    """

    RATE = "rate"  # events among calls: two integers a look
    PERCENTILE = "percentile"  # calls over the limit among all calls
    MEAN = "mean"  # an amount of each call, without an upper bound
    SCORE = "score"  # a score of each of the candidate's answers
    DROP = "drop"  # stable's score minus the candidate's
    GAP = "gap"  # how much more one slice drops than another


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
    def is_gap(self) -> bool:
        """Whether it compares slices with one another."""
        return self.counted is Counted.GAP

    @property
    def is_averaged(self) -> bool:
        """Whether it is a level that is a mean, not a share of calls."""
        return self.counted in {Counted.MEAN, Counted.SCORE}

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


def _rate(name: str, events: str, *, of: str = "calls", among: str = "requests") -> Metric:
    return Metric(
        name=name,
        counted=Counted.RATE,
        spellings=(f"{name}_max",),
        noun=name.replace("_", " "),
        unit=f"of {of}",
        of=of,
        among=among,
        events=events,
    )


def _latency(aggregate: str, counted: Counted, *, unit: str, among: str) -> Metric:
    spellings = ("{}_latency_ms_max", "latency_{}_ms_max", "latency_ms_{}_max")
    return Metric(
        name="latency_ms",
        counted=counted,
        spellings=tuple(spelling.format(aggregate) for spelling in spellings),
        noun="latency",
        unit=unit,
        digits=0 if unit == "ms" else 4,
        aggregate=aggregate,
        among=among,
    )


def _score(spelling: str, counted: Counted, kind: SloKind, *, of: str, digits: int) -> Metric:
    # Counts of harm grow within tens of calls, scores within hundreds: alpha goes where it is
    # needed, four times as much to a score and twice as much to a gap.
    is_gap = counted is Counted.GAP
    return Metric(
        name="fairness" if is_gap else "eval",
        counted=counted,
        spellings=(spelling,),
        noun="{}",
        unit="of score",
        of=of,
        digits=digits,
        kind=kind,
        direction="max" if spelling.endswith("max") else "min",
        weight=2.0 if is_gap else 4.0,
    )


METRICS = (
    _rate("error_rate", "errors"),
    _rate("timeout_rate", "timeouts"),
    _rate("refusal_rate", "refusals"),
    _rate("feedback_negative_rate", "feedback_negative", of="ratings", among="feedback"),
    _latency("p50", Counted.PERCENTILE, unit="of calls", among="requests"),
    _latency("p95", Counted.PERCENTILE, unit="of calls", among="requests"),
    _latency("mean", Counted.MEAN, unit="ms", among="latencies_ms"),
    Metric(
        name="cost_per_call_usd",
        counted=Counted.MEAN,
        spellings=("cost_per_call_usd_max", "cost_per_call_usd_mean_max"),
        noun="cost",
        unit="usd",
        aggregate="mean",
        among="costs_usd",
    ),
    _score("eval_{}_drift_max", Counted.DROP, SloKind.DRIFT, of="scored pairs", digits=2),
    _score("eval_{}_min", Counted.SCORE, SloKind.LEVEL, of="scored units", digits=2),
    _score("fairness_{}_delta_max", Counted.GAP, SloKind.DELTA, of="scored pairs", digits=3),
)
