"""What one look at live traffic sees: ordered batches of counts and scored pairs, per arm.

Facts only; `judge.py` judges them. A batch is identified by its ordinal, so a look is
idempotent: the same batch fed twice changes nothing (docs/methods.md, R14).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CallCounts:
    """Calls of one arm in one batch.

    `over_ms` counts the calls over each limit that an SLO sets to a percentile of latency
    (docs/methods.md, E7). `costs_usd` and `latencies_ms` are those of single calls, since a mean
    has no bound otherwise (docs/methods.md, E8). `feedback` counts matured ratings only. `slow` is
    in looks that an older version stored: calls over the p95 limit of their canary stage.
    """

    requests: int = 0
    errors: int = 0
    timeouts: int = 0
    refusals: int = 0
    feedback_negative: int = 0
    feedback: int = 0
    over_ms: Mapping[float, int] = field(default_factory=dict)
    costs_usd: tuple[float, ...] = ()
    latencies_ms: tuple[float, ...] = ()
    slow: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredPair:
    """The same request answered by both arms and scored by the same scorer version.

    `unit` is the session; a score is None where it could not be scored (a stream of its own).
    """

    unit: str
    at: datetime
    scorer: str
    scorer_version: str
    candidate: float | None
    stable: float | None
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredCall:
    """One scored live call of one arm, for two-arm blocks where replay is not possible."""

    unit: str
    at: datetime
    scorer: str
    scorer_version: str
    is_candidate: bool
    score: float | None
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveBatch:
    """Everything new since the batch before; `id` counts up from 1 within a rollout."""

    id: int
    stage: int
    since: datetime
    until: datetime
    candidate: CallCounts
    stable: CallCounts
    pairs: tuple[ScoredPair, ...] = ()
    calls: tuple[ScoredCall, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it covers."""
        return max(0.0, (self.until - self.since).total_seconds())
