"""Whether the lineage that Dagster shows is the one that the ledger holds.

Each materialisation names its ledger entry and pins those it was made from; anyone who can write to
Dagster's store can forge both (law 1). Decides, materialisation by materialisation, whether the two
agree: disagreement fails, a gap is inconclusive. Knows materialisations as plain records, not
Dagster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.verdict import Verdict, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry

    Rule = Callable[["Materialisation", "Walk"], Iterator[tuple[Outcome, str]]]

GATE = "audit/lineage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """Which materialisation an asset was made from: its storage id, and the run that made it."""

    storage_id: int
    run_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Materialisation:
    """One materialisation as Dagster shows it.

    `ledger_entry` and `ledger_digest` are None where it names none; `pins` are by asset. `run_id`
    is empty when no run made it, but a person reported it.
    """

    storage_id: int
    run_id: str
    asset: str
    partition: str
    release: str
    stage: str | None
    at: datetime
    ledger_entry: int | None
    ledger_digest: str | None
    pins: Mapping[str, Pin] = field(default_factory=dict)

    @property
    def evidence_name(self) -> str:
        """Return the name of its evidence in the ledger."""
        return f"{self.asset}@{self.stage}" if self.stage else self.asset

    def __str__(self) -> str:
        return f"{self.evidence_name} (event {self.storage_id})"

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "asset": self.asset,
            "partition": self.partition,
            "storage_id": self.storage_id,
            "run_id": self.run_id,
            "at": self.at.isoformat(),
            "ledger_entry": self.ledger_entry,
            "ledger_digest": self.ledger_digest,
            "upstream": {asset: pin.storage_id for asset, pin in self.pins.items()},
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """All that was found: materialisations by storage id, and the verified ledger by number."""

    release: str
    newest: tuple[Materialisation, ...]
    found: Mapping[int, Materialisation]
    entries: Mapping[int, Entry]

    @classmethod
    def of(
        cls,
        release: str,
        newest: Sequence[Materialisation],
        found: Mapping[int, Materialisation],
        ledger: Iterable[Entry],
    ) -> Walk:
        """Return a walk that starts at the newest materialisations of a release."""
        return cls(
            release=release,
            newest=tuple(newest),
            found={m.storage_id: m for m in newest} | dict(found),
            entries={entry.seq: entry for entry in ledger},
        )

    def tips(self) -> tuple[Materialisation, ...]:
        """Return the newest materialisations that nothing else was made from."""
        pinned = {pin.storage_id for m in self.found.values() for pin in m.pins.values()}
        return tuple(m for m in self.newest if m.storage_id not in pinned)


def judge_lineage(walk: Walk) -> Verdict:
    """Judge every materialisation against the ledger; the worst finding wins."""
    if not walk.newest:
        because = f"Dagster shows no materialisation of {walk.release}"
        nothing = Finding(rule="dagster_shows_it", outcome=Outcome.INCONCLUSIVE, because=because)
        return conclude(GATE, [nothing])
    findings = [f for rule, check in _RULES.items() for f in _apply(rule, check, walk)]
    return conclude(GATE, [*findings, *_gaps(walk)])


def _apply(rule: str, check: Rule, walk: Walk) -> tuple[Finding, ...]:
    """Return a finding for each materialisation that breaks a rule, or one that all keep it."""
    broken = tuple(
        Finding(rule=rule, outcome=outcome, because=f"{m}: {because}")
        for m in walk.found.values()
        for outcome, because in check(m, walk)
    )
    count = len(walk.found)
    kept = Finding(
        rule=rule, outcome=Outcome.PASSED, because=f"all {count} materialisations", n=count
    )
    return broken or (kept,)


def _made_by_a_run(m: Materialisation, _: Walk) -> Iterator[tuple[Outcome, str]]:
    if not m.run_id:
        yield Outcome.FAILED, "no run made it; a person reported it by hand"


def _of_this_release(m: Materialisation, walk: Walk) -> Iterator[tuple[Outcome, str]]:
    if m.release != walk.release:
        yield Outcome.FAILED, f"it is of {m.release}, not of {walk.release}"


def _in_the_ledger(m: Materialisation, walk: Walk) -> Iterator[tuple[Outcome, str]]:
    if m.ledger_entry is None or m.ledger_digest is None:
        yield Outcome.INCONCLUSIVE, "it names no ledger entry with its digest"
        return
    entry = walk.entries.get(m.ledger_entry)
    if entry is None:
        yield Outcome.FAILED, f"it names entry {m.ledger_entry}, which is not in the ledger"
    elif entry.digest != m.ledger_digest:
        yield Outcome.FAILED, f"entry {entry.seq} of the ledger has another digest than it names"


def _about_the_same(m: Materialisation, walk: Walk) -> Iterator[tuple[Outcome, str]]:
    """Require that the entry it names is about this asset, this release and this run."""
    entry = walk.entries.get(m.ledger_entry or 0)
    if entry is None:
        return
    if entry.release != m.release:
        yield Outcome.FAILED, f"entry {entry.seq} is about {entry.release}"
    if entry.body.get("run_id") not in {m.run_id, None}:
        yield Outcome.FAILED, f"entry {entry.seq} was written by another run"
    if entry.kind is EntryKind.EVIDENCE and entry.body.get("name") != m.evidence_name:
        yield Outcome.FAILED, f"entry {entry.seq} is evidence of '{entry.body.get('name')}'"


def _pins_hold(m: Materialisation, walk: Walk) -> Iterator[tuple[Outcome, str]]:
    """Require that a pin leads to what it names, and back in time, in Dagster and in the ledger."""
    for asset, pin in m.pins.items():
        upstream = walk.found.get(pin.storage_id)
        if pin.storage_id == 0:
            yield Outcome.FAILED, f"its pin of '{asset}' cannot be read"
        elif upstream is None:
            yield Outcome.INCONCLUSIVE, f"'{asset}' (event {pin.storage_id}) is gone from Dagster"
        elif (upstream.asset, upstream.run_id) != (asset, pin.run_id):
            yield Outcome.FAILED, f"its pin of '{asset}' leads to {upstream} of another run"
        elif not _is_before(upstream, m):
            yield Outcome.FAILED, f"it was made before {upstream}, which it names as its input"


def _is_before(upstream: Materialisation, m: Materialisation) -> bool:
    if upstream.storage_id >= m.storage_id:
        return False
    entries = (upstream.ledger_entry, m.ledger_entry)
    return None in entries or int(entries[0] or 0) < int(entries[1] or 0)


_RULES: dict[str, Rule] = {
    "a_run_made_it": _made_by_a_run,
    "it_is_of_this_release": _of_this_release,
    "the_ledger_holds_its_entry": _in_the_ledger,
    "its_entry_is_about_it": _about_the_same,
    "its_pins_lead_back_to_what_it_was_made_from": _pins_hold,
}


def _gaps(walk: Walk) -> tuple[Finding, ...]:
    """Judge whether Dagster shows the newest evidence of each name that the ledger holds."""
    held = [
        e
        for e in walk.entries.values()
        if e.release == walk.release and e.kind is EntryKind.EVIDENCE
    ]
    newest = {str(e.body["name"]): e.seq for e in held}
    shown = {m.ledger_entry for m in walk.newest}
    lacking = [(name, seq) for name, seq in newest.items() if seq not in shown]
    rule = "dagster_shows_what_the_ledger_holds"
    if not lacking:
        because = f"all {len(newest)} kinds of evidence"
        return (Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=len(newest)),)
    return tuple(
        Finding(
            rule=rule,
            outcome=Outcome.INCONCLUSIVE,
            because=f"entry {seq} is the newest '{name}', and Dagster does not show it",
        )
        for name, seq in lacking
    )
