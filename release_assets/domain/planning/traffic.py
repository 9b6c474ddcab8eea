"""What a plan will get to judge by: calls, and requests that are replayed and scored.

Facts only; `forecast.py` makes samples of them. Refuses to know where the figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release_assets.domain.rollout.plan import CanaryStage


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTraffic:
    """What a plan will get; None is unknown. A score is one replayed request, a pair of scores."""

    calls_per_second: float | None
    scores_per_hour: float | None

    @property
    def is_known(self) -> bool:
        """Whether anything can be promised."""
        return self.calls_per_second is not None and self.scores_per_hour is not None

    @property
    def pairs_per_min(self) -> float:
        """How many pairs are scored: no more than there are calls; what is unknown is none."""
        return min((self.scores_per_hour or 0.0) / 60, (self.calls_per_second or 0.0) * 60)

    def candidate_calls_per_min(self, stage: CanaryStage) -> float:
        """Return the calls that the candidate gets in a stage; what is unknown is none."""
        return (self.calls_per_second or 0.0) * 60 * stage.traffic_pct / 100
