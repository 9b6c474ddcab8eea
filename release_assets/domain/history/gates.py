"""Every gate of a release with all its verdicts, earlier and failed ones too, and what it lacks.

A verdict counts for the release digest it was given for and for no other: a pass that an earlier
push earned is shown as such, never as the release's own (law 4). Refuses to judge anything itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.history.reading import bound_digest, of_kind
from release_assets.domain.ledger.kinds import EntryKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenVerdict:
    """A verdict as it was given; `rests_on` are the numbers of the evidence entries it names."""

    entry: int
    at: datetime
    release_digest: str | None
    outcome: Outcome
    headline: str
    findings: tuple[Finding, ...]
    rests_on: tuple[int, ...]
    policy_digest: str | None
    run_id: str | None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True, slots=True)
class GateHistory:
    """One gate: its verdict for this release digest, and all that were given before it.

    `verdict` is None when the gate was never judged for this digest. `stage` names the canary
    stage, where there is one.
    """

    gate: str
    verdict: GivenVerdict | None
    earlier: tuple[GivenVerdict, ...]

    @property
    def phase(self) -> str:
        """Return the phase it belongs to."""
        return self.gate.partition("/")[0]

    @property
    def claim(self) -> str:
        """Return the claim it rests on, without phase and canary stage."""
        return self.gate.partition("/")[2].partition("@")[0]

    @property
    def stage(self) -> str | None:
        """Return the canary stage it is about; None for a gate of the whole release."""
        return self.gate.partition("@")[2] or None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "gate": self.gate,
            "verdict": self.verdict.document() if self.verdict else None,
            "earlier": [v.document() for v in self.earlier],
        }


def gates_of(entries: Sequence[Entry], expected: Sequence[str] = ()) -> tuple[GateHistory, ...]:
    """Return the gates of a release: the expected ones in order, then the others as they came."""
    digest, evidence = bound_digest(entries), _numbers(entries)
    given: dict[str, list[GivenVerdict]] = {gate: [] for gate in expected}
    for entry in of_kind(entries, EntryKind.VERDICT):
        given.setdefault(entry.body["gate"], []).append(_given(entry, evidence))
    return tuple(_history(gate, verdicts, digest) for gate, verdicts in given.items())


def _history(gate: str, verdicts: list[GivenVerdict], digest: str | None) -> GateHistory:
    own = [v for v in verdicts if v.release_digest == digest]
    newest = own[-1] if own else None
    return GateHistory(
        gate=gate, verdict=newest, earlier=tuple(v for v in verdicts if v is not newest)
    )


def _numbers(entries: Sequence[Entry]) -> dict[str, int]:
    return {e.digest: e.seq for e in of_kind(entries, EntryKind.EVIDENCE)}


def _given(entry: Entry, evidence: Mapping[str, int]) -> GivenVerdict:
    body = entry.body
    named = [evidence.get(digest) for digest in body.get("evidence", ())]
    return GivenVerdict(
        entry=entry.seq,
        at=entry.at,
        release_digest=entry.release_digest,
        outcome=Outcome(body["outcome"]),
        headline=body["headline"],
        findings=tuple(Finding.read(f) for f in body.get("findings", ())),
        rests_on=tuple(n for n in named if n is not None),
        policy_digest=body.get("policy_digest"),
        run_id=body.get("run_id"),
    )
