"""The rollout plan: ordered canary stages with their SLOs, inheritance applied.

Records only; nothing here reads a file or decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

from release_assets.domain.release import digest_of_document

_MINUTE = timedelta(minutes=1)
_Identity = tuple[str | None, ...]


class SloKind(StrEnum):
    """Of a level itself, of a drop against stable, of a gap between groups."""

    LEVEL = "level"
    DRIFT = "drift"
    DELTA = "delta"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slo:
    """A bound on a live metric, by its wire name; `limit` and `tolerated` in the metric's unit.

    A breach is evidence of more than `tolerated` (half of the limit for drift and delta, the
    limit itself for levels), a proof is evidence within the limit (statistics rule 1). `subject`
    is the scorer or the slice key.
    """

    name: str
    metric: str
    kind: SloKind
    bound: Literal["max", "min"]
    limit: float
    tolerated: float
    aggregate: str | None = None
    subject: str | None = None
    inherited: bool = False

    @property
    def identity(self) -> _Identity:
        """What it bounds, however it is spelt: `p95_latency_ms` is `latency_p95_ms`."""
        return (self.metric, self.subject, self.aggregate, self.kind, self.bound)

    def loosens(self, earlier: Slo) -> bool:
        """Whether it allows what the same SLO of an earlier stage forbids."""
        return self.limit > earlier.limit if self.bound == "max" else self.limit < earlier.limit

    def document(self) -> dict[str, Any]:
        """The JSON form, as shown at sign-off."""
        shown = ("name", "limit", "tolerated", "inherited")
        return {name: getattr(self, name) for name in shown}


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryStage:
    """One traffic share with its SLOs, inheritance applied; `index` counts from 0.

    `duration` is the least observed-healthy time; zero at 100 %, where the plan's watch begins.
    A `proof` stage ends by proof of its SLOs, a `guard` stage by time without harm (the default
    of the stages before the last monitored one). A breach in `shadow` mode is told, not acted on.
    """

    index: int
    traffic_pct: float
    duration: timedelta
    slos: tuple[Slo, ...]
    max_duration: timedelta | None = None
    min_samples: int = 0
    evidence: Literal["proof", "guard"] = "proof"
    mode: Literal["enforce", "shadow"] = "enforce"

    @property
    def longest(self) -> timedelta:
        """Healthy time after which an undecided stage is held: one extension unless written."""
        return self.max_duration or 2 * self.duration

    def document(self) -> dict[str, Any]:
        """The JSON form, as shown at sign-off."""
        return {
            "traffic_pct": self.traffic_pct,
            "duration_min": self.duration / _MINUTE,
            "max_duration_min": self.longest / _MINUTE,
            "min_samples": self.min_samples,
            "evidence": self.evidence,
            "mode": self.mode,
            "slos": [slo.document() for slo in self.slos],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutPlan:
    """The resolved plan; `watch` is the observed-healthy time at 100 % before it is stable."""

    stages: tuple[CanaryStage, ...]
    auto_rollback: bool
    notify: tuple[str, ...]
    watch: timedelta
    scoring_budget_per_hour: float | None = None

    @property
    def last_monitored(self) -> CanaryStage:
        """The last stage below 100 %: its proof opens full traffic."""
        return self.stages[-2]

    def document(self) -> dict[str, Any]:
        """The resolved plan, as shown at sign-off."""
        return {
            "canary_stages": [stage.document() for stage in self.stages],
            "auto_rollback": self.auto_rollback,
            "on_rollback_notify": list(self.notify),
            "watch_min": self.watch / _MINUTE,
            "scoring_budget_per_hour": self.scoring_budget_per_hour,
        }

    @property
    def digest(self) -> str:
        """Equal for two files that mean the same."""
        return digest_of_document(self.document())
