"""What the ledger held about one release digest at one moment, and every question about it.

Read once (`Book.of`), asked as often as needed, so that all answers are about the same moment. A
reading is not renewed: whoever writes on the strength of one takes a fresh one first (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from release_assets.domain.errors import NotFoundError, RefusedError
from release_assets.domain.finding import Outcome
from release_assets.domain.history.staleness import judge_verdicts, newest_verdicts
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.sign_off.statement import is_yes, predicate_of
from release_assets.pipeline import CHANGE_RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The entries about a release digest, oldest first, when the ledger held `size` entries."""

    release: Release
    size: int
    entries: tuple[Entry, ...]

    def with_next(self, entry: Entry) -> Reading:
        """Return the reading with the ledger's next entry, which is about this release digest."""
        if self.entries and self.entries[-1].seq >= entry.seq:  # it came between size and entries
            return replace(self, size=entry.seq)
        return replace(self, size=entry.seq, entries=(*self.entries, entry))

    def written(self, kind: EntryKind, **fields: object) -> tuple[Entry, ...]:
        """Return the entries of a kind whose body has these fields."""
        return tuple(
            entry
            for entry in self.entries
            if entry.kind == kind
            and all(entry.body.get(name) == value for name, value in fields.items())
        )

    def newest_evidence(self, name: str) -> Entry:
        """Return the newest evidence of that name; raises `NotFoundError`."""
        found = self.written(EntryKind.EVIDENCE, name=name)
        if not found:
            at = f"{self.release.key} at {self.release.digest[:19]}"
            raise NotFoundError(f"the ledger holds no '{name}' for {at}; materialise it first")
        return found[-1]

    @property
    def verdicts(self) -> Mapping[str, Entry]:
        """The newest verdict of each gate."""
        return newest_verdicts(self.entries)

    @property
    def signatories(self) -> tuple[str, ...]:
        """The persons who signed a yes, in order."""
        bodies = (entry.body for entry in self.written(EntryKind.SIGN_OFF))
        yes = [predicate_of(body)["person"] for body in bodies if is_yes(body)]
        return tuple(dict.fromkeys(yes))

    def people(self, role: str) -> list[str]:
        """Return the persons whom the change record lists: `authored_by` or `reviewed_by`."""
        return list(self.newest_evidence(CHANGE_RECORD).body["summary"][role])

    def evidence_of(self, verdicts: Sequence[Entry]) -> tuple[Entry, ...]:
        """Return the evidence that some verdicts rest on."""
        digests = {digest for verdict in verdicts for digest in verdict.body["evidence"]}
        return tuple(entry for entry in self.entries if entry.digest in digests)

    def require_passed(self, gates: Sequence[str]) -> tuple[Entry, ...]:
        """Return the passed verdicts of these gates; raises `RefusedError` with what is lacking.

        Fails closed on missing, failed, inconclusive and stale (`domain/history/staleness.py`).
        """
        findings = judge_verdicts(gates, self.entries)
        lacking = [f for f in findings if f.outcome is not Outcome.PASSED]
        if lacking:
            raise RefusedError("; ".join(f.because for f in lacking), lacking)
        return tuple(self.verdicts[gate] for gate in gates)
