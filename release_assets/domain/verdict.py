"""What a gate concludes: findings in, one verdict out; worst wins, none is an error.

Decides nothing about evidence itself: the rules of each phase make the findings. Three values,
since no data is never a pass and a crash is never a verdict (DESIGN law 2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import EmptyGateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Outcome(StrEnum):
    """Of a finding and of a verdict; only PASSED opens anything."""

    PASSED = "passed"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """The command line's answer: 0 passed, 1 failed, 3 inconclusive."""
        return {"passed": 0, "failed": 1, "inconclusive": 3}[self]


_SEVERITY = (Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.FAILED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of some outcomes: failed before inconclusive before passed."""
    return max(outcomes, key=_SEVERITY.index)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule applied to evidence; `because` is a sentence for the release manager.

    `rule` is a claim that can be false (`quality_holds_against_main`); `observed`, `limit` and
    `interval` are in the unit of the metric, `n` counts what was judged.
    """

    rule: str
    outcome: Outcome
    because: str
    observed: float | None = None
    limit: float | None = None
    n: int | None = None
    interval: tuple[float, float] | None = None
    slice: str | None = None
    scorer: str | None = None

    def document(self) -> dict[str, Any]:
        """The finding in the JSON document of DESIGN section 10."""
        return asdict(self) | {"interval": list(self.interval) if self.interval else None}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Finding:
        """Read back a finding's document; the ledger keeps numbers as decimal strings."""
        numbers = {k: _number(document[k]) for k in ("observed", "limit")}
        ends = document["interval"]
        interval = (float(ends[0]), float(ends[1])) if ends else None
        outcome = Outcome(document["outcome"])
        return cls(**{**document, **numbers, "interval": interval, "outcome": outcome})


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a gate concludes from all its findings."""

    gate: str
    outcome: Outcome
    headline: str
    findings: tuple[Finding, ...]

    @property
    def is_passed(self) -> bool:
        """Whether the gate opens."""
        return self.outcome is Outcome.PASSED

    def document(self) -> dict[str, Any]:
        """The JSON document of DESIGN section 10."""
        return asdict(self) | {"findings": [f.document() for f in self.findings]}


def conclude(gate: str, findings: Iterable[Finding]) -> Verdict:
    """Fold findings into the verdict of a gate.

    Raises `EmptyGateError` without findings: a gate that asked nothing has not held.
    """
    found = tuple(findings)
    if not found:
        message = f"the gate '{gate}' has no findings; require evidence for it"
        raise EmptyGateError(message)
    outcome = worst(f.outcome for f in found)
    return Verdict(gate=gate, outcome=outcome, headline=_headline(outcome, found), findings=found)


def _headline(outcome: Outcome, findings: tuple[Finding, ...]) -> str:
    if outcome is Outcome.PASSED:
        return f"passed: {len(findings)} of {len(findings)} rules hold"
    decisive = [f for f in findings if f.outcome is outcome]
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    return f"{outcome}: {decisive[0].because}{more}"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
