"""What a gate concludes: findings in, one verdict out; worst wins, none is an error.

An empty gate is an error (law 2): a gate that judged nothing has not passed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import EmptyGateError
from release_assets.domain.finding import Finding, Outcome, worst

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        """Return the verdict as a JSON object."""
        return asdict(self) | {"findings": [f.document() for f in self.findings]}


def conclude(gate: str, findings: Iterable[Finding]) -> Verdict:
    """Fold findings into the verdict of a gate.

    Raises `EmptyGateError` without findings: a gate that judged nothing has not passed.
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
