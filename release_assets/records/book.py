"""The ledger's book: every question about a release or a feature, and the one way to write.

Needs no Dagster, so that commands that ask and sign start without it; what runs write is in
`recorder.py`. What a question needs is read once, by `of`; the newest reading is kept as long as
nobody else writes to the ledger, which its size shows. Decides nothing about releases.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import NotFoundError, RefusedError
from release_assets.domain.history.production import KINDS, Production
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import ReleaseKey, Unit
from release_assets.records.reading import Reading
from release_assets.records.repository import FeatureRepository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.ports import Clock, Ledger, Ports


@dataclass
class _Kept:
    """The newest reading, and production as far as it was read."""

    reading: Reading | None = None
    production: Production = field(default_factory=Production)


@dataclass(frozen=True, kw_only=True)
class Book:
    """What the ledger holds, beside the feature repository that it is about."""

    ledger: Ledger
    repository: FeatureRepository
    clock: Clock
    _kept: _Kept = field(default_factory=_Kept, init=False, repr=False, compare=False)

    @classmethod
    def over(cls, ports: Ports) -> Book:
        """Return the book of a world; nothing is opened by it."""
        repository = FeatureRepository(ports.git_host, ports.settings)
        return cls(ledger=ports.ledger, repository=repository, clock=ports.clock)

    def of(self, release: Release) -> Reading:
        """Return what the ledger holds about this release digest now, by one read at most."""
        size, kept = self.ledger.head().size, self._kept.reading
        if kept and (kept.release, kept.size) == (release, size):
            return kept
        entries = self.ledger.entries(release=str(release.key))
        mine = tuple(entry for entry in entries if entry.release_digest == release.digest)
        self._kept.reading = Reading(release=release, size=size, entries=mine)
        return self._kept.reading

    def write(self, kind: EntryKind, body: Mapping[str, Any], release: Release) -> Entry:
        """Append one entry about a release."""
        entry = self.ledger.append(
            kind,
            body,
            at=self.clock.now(),
            release=str(release.key),
            release_digest=release.digest,
        )
        # A reading that was whole at size n is whole at n + 1 if entry n + 1 is this one. Where
        # somebody else wrote in between, it stays as it is, and the next question reads again.
        kept = self._kept.reading
        if kept and kept.release == release and kept.size + 1 == entry.seq:
            self._kept.reading = kept.with_next(entry)
        return entry

    @contextmanager
    def refusals_recorded(self, release: Release, act: str) -> Iterator[None]:
        """Record a refused attempt too; it stays refused (NIST SP 800-53, CM-5(1))."""
        try:
            yield
        except RefusedError as exc:
            findings = [finding.document() for finding in exc.findings]
            body = {"act": act, "because": str(exc), "findings": findings}
            self.write(EntryKind.REFUSAL, body, release)
            raise

    def production(self) -> Production:
        """Return what production runs now; only what is new since the last question is read."""
        known = self._kept.production
        news = self.ledger.entries(kinds=KINDS, after=known.seen)
        self._kept.production = known.after(news)
        return self._kept.production

    def active_rollouts(self) -> tuple[str, ...]:
        """Return the releases that were put on their rollout plan and did not end, in order."""
        return self.production().active

    def stable(self, feature: str) -> Entry:
        """Return the entry by which the stable release became it; raises `NotFoundError`."""
        found = self.production().stable.get(feature)
        if found is None:
            raise NotFoundError(
                f"{feature} has no stable release; the ledger needs an adoption of what runs now"
            )
        return found

    def stable_commit(self, feature: str) -> str:
        """Return the commit that production really runs."""
        entry = self.stable(feature)
        if entry.kind is EntryKind.ADOPTION:
            return str(entry.body["commit"])
        return self.repository.release(ReleaseKey.parse(str(entry.release))).commit

    def stable_unit(self, feature: str) -> Unit:
        """Return the unit to which a rollback returns."""
        entry = self.stable(feature)
        if entry.kind is EntryKind.ADOPTION:
            return Unit(**entry.body["unit"])
        return self.repository.release(ReleaseKey.parse(str(entry.release))).unit
