"""What was measured about one release digest: an immutable record with its own digest.

Decides nothing; the gates do. One row per case and repeat: errors, timeouts and missing cases
stay in the denominator (law 2), so a suite that crashed cannot look healthy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.release import digest_of_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class RowStatus(StrEnum):
    """What became of one case; only OK and WRONG carry a score of the scorer's."""

    OK = "ok"
    WRONG = "wrong"
    ERROR = "error"
    TIMEOUT = "timeout"
    LIMIT = "limit"
    MISSING = "missing"
    UNSCORABLE = "unscorable"


@dataclass(frozen=True, kw_only=True, slots=True)
class EvalCase:
    """One input with its expectation; `family` groups parallel cases (one per locale).

    `critical` cases must pass on their own. `slices` maps attribute to value (`locale: de-DE`).
    `expected`: `facts` (strings an answer must hold), `passage` (id in the approved handbook),
    `behaviour` (`answer`, `refuse` or `say_unknown`).
    """

    id: str
    question: str
    expected: Mapping[str, Any]
    family: str
    slices: Mapping[str, str] = field(default_factory=dict)
    critical: bool = False
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreRow:
    """One case, one repeat, one scorer; `score` in [0, 1], None unless status is ok or wrong."""

    case: str
    family: str
    repeat: int
    scorer: str
    scorer_version: str
    status: RowStatus
    score: float | None
    slices: Mapping[str, str] = field(default_factory=dict)
    critical: bool = False
    latency_ms: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A record of what was measured about one release digest.

    `name` is the evidence asset's (`eval_results`); `table` the digest of the stored rows, or None
    where `summary` is complete; `inputs` names what it was measured with (suite, scorer, baseline
    digests): two pieces of evidence with equal `inputs` are comparable.
    """

    name: str
    release: str
    release_digest: str
    measured_at: datetime
    run_id: str
    summary: Mapping[str, Any]
    inputs: Mapping[str, str]
    table: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON form that goes to the ledger."""
        return {
            "name": self.name,
            "release": self.release,
            "release_digest": self.release_digest,
            "measured_at": self.measured_at.isoformat(),
            "run_id": self.run_id,
            "summary": dict(self.summary),
            "inputs": dict(self.inputs),
            "table": self.table,
        }

    @property
    def digest(self) -> str:
        """The digest of the record."""
        return digest_of_document(self.document())
