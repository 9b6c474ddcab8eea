"""The brake: candidate traffic to zero and the prompt pointer back, at once and together.

Called from a sensor's tick, before any run starts (law 3). The act comes before its record
(docs/decisions/0006): a ledger that fails must neither keep users on a bad release nor keep people
from being notified. Every line is safe to repeat, and repeated until the ledger has the breach;
reading back and the incident follow in `roll_back_release`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.control.notices import author_of, named_by_plan, page
from release_assets.control.rollouts import move
from release_assets.domain.errors import AdapterError, LedgerError
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.ports import Environment

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.domain.release import Release
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.ports import (
        PromptPointers,
        PromptRegistry,
        ReleaseStore,
        Traffic,
        TrafficRouter,
    )
    from release_assets.records.book import Book

_CUT = "was taken off production traffic"
_UNCUT = "has to be taken off production traffic by hand: the router does not answer"


@dataclass(frozen=True, kw_only=True)
class Brake:
    """Takes a candidate off traffic; holds the router, the prompt registry and the book."""

    book: Book
    traffic_router: TrafficRouter
    prompt_registry: PromptRegistry
    release_store: ReleaseStore

    def pull(self, rollout: Rollout, release: Release, because: str, now: datetime) -> Rollout:
        """Cut, restore the pointer, notify people, and record; returns the braked rollout.

        Raises `LedgerError` when it could not be recorded; the traffic is cut by then. Raises
        `AdapterError` when the router does not answer; the prompts are back and people are notified
        by then, and the next tick pulls again.
        """
        try:
            traffic = self.traffic_router.brake(rollout.release_digest)
        except AdapterError as reason:
            self._point_back()
            self._notify(release, _UNCUT, f"{because}; {reason}", now)
            raise
        pointers = self._point_back()
        braked = move(
            self.release_store,
            rollout.release,
            RolloutEvent.BREACHED,
            now=now,
            because=because,
        )
        self._notify(release, _CUT, because, now)
        self._record(release, traffic, pointers, because)
        return braked

    def _point_back(self) -> PromptPointers:
        """Take the candidate's prompts back; the stable pointer never moved."""
        found = self.prompt_registry.pointers(Environment.PRODUCTION)
        back = found.without_candidate()
        self.prompt_registry.move(Environment.PRODUCTION, found, back)
        return back

    def _record(
        self, release: Release, traffic: Traffic, pointers: PromptPointers, because: str
    ) -> None:
        observed = {
            "act": "brake",
            "traffic": traffic.document(),
            "pointers": pointers.document(),
            "because": because,
        }
        self.book.write(EntryKind.OBSERVATION, observed, release)
        self.book.write(
            EntryKind.ROLLOUT, {"event": RolloutEvent.BREACHED, "because": because}, release
        )

    def _notify(self, release: Release, what: str, because: str, now: datetime) -> None:
        """Notify the plan's channels, the author and who signed."""
        people = (author_of(self.book, release.key), *self._signatories(release))
        channels = [*named_by_plan(self.book, release)]
        channels += [f"slack:@{person}" for person in people]
        channels += [f"pager:{person}" for person in people]
        dedup = f"brake:{what}:{release.digest}"
        store = self.release_store
        page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)

    def _signatories(self, release: Release) -> tuple[str, ...]:
        """Return who signed; nobody when the ledger cannot be read, others are notified then."""
        try:
            return self.book.of(release).signatories
        except LedgerError:
            return ()
