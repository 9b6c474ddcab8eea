"""Which verdicts still count: those that passed, on evidence that nothing newer has replaced.

Decides from the entries about one release digest. A verdict that is missing, did not pass, or rests
on older evidence than the newest of its name is lacking; so a gate that was passed closes again
when its evidence is measured anew (law 1, law 2). Age and later policies are not looked at: the age
of a look is in `rollout/look_decision.py`, of a sign-off in `sign_off/validity.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.kinds import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.ledger.entries import Entry


def newest_verdicts(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    """Return the newest verdict of each gate."""
    return {e.body["gate"]: e for e in entries if e.kind is EntryKind.VERDICT}


def judge_verdicts(gates: Sequence[str], entries: Sequence[Entry]) -> tuple[Finding, ...]:
    """Judge whether the verdict of each gate still counts; `entries` are about one digest."""
    verdicts = newest_verdicts(entries)
    newest = {e.body["name"]: e.digest for e in entries if e.kind is EntryKind.EVIDENCE}
    current = frozenset(newest.values())
    return tuple(_still_counts(gate, verdicts.get(gate), current) for gate in gates)


def _still_counts(gate: str, verdict: Entry | None, current: frozenset[str]) -> Finding:
    if verdict is None:
        return _lacking(gate, f"{gate} was never judged for this release digest")
    if verdict.body["outcome"] != Outcome.PASSED:
        return _lacking(gate, f"{gate}: {verdict.body['headline']}")
    if not current.issuperset(verdict.body["evidence"]):
        return _lacking(gate, f"{gate} was judged on evidence that has been replaced since")
    return Finding(rule=gate, outcome=Outcome.PASSED, because=f"{gate} holds")


def _lacking(gate: str, because: str) -> Finding:
    return Finding(rule=gate, outcome=Outcome.FAILED, because=because)
