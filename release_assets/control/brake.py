"""The brake: candidate traffic to zero and the prompt pointer back, at once and together.

Called from a sensor's tick, before any run starts (law 3). The act comes before its record: a
ledger that fails must not keep people on a bad release, nor keep them from hearing of it. Every
line is safe to repeat, and repeated until the ledger knows; the paperwork (reading back, incident)
follows in `roll_back_release`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.control.notices import author_of, named_by_plan, page
from release_assets.control.rollouts import move
from release_assets.domain.errors import AdapterError, LedgerError
from release_assets.domain.ledger.kinds import RolloutEvent
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
    """What the brake needs: the router, the prompt registry, and where to write it down."""

    records: Book
    traffic_router: TrafficRouter
    prompt_registry: PromptRegistry
    release_store: ReleaseStore

    def pull(self, rollout: Rollout, release: Release, because: str, now: datetime) -> Rollout:
        """Cut, restore the pointer, tell the people, and record; returns the braked rollout.

        Raises `LedgerError` when it could not be recorded; the traffic is cut by then. Raises
        `AdapterError` when the router does not answer; the prompts are back and the people know by
        then, and the next tick pulls again.
        """
        try:
            traffic = self.traffic_router.brake(rollout.release_digest)
        except AdapterError as reason:
            self._point_back()
            self._tell(release, _UNCUT, f"{because}; {reason}", now)
            raise
        pointers = self._point_back()
        braked = move(
            self.release_store,
            rollout.release,
            RolloutEvent.BREACHED,
            now=now,
            because=because,
        )
        self._tell(release, _CUT, because, now)
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
        self.records.write("observation", observed, release)
        self.records.write("rollout", {"event": "breached", "because": because}, release)

    def _tell(self, release: Release, what: str, because: str, now: datetime) -> None:
        """The plan's channels, the author and who signed."""
        people = (author_of(self.records, release.key), *self._signatories(release))
        channels = [*named_by_plan(self.records, release)]
        channels += [f"slack:@{person}" for person in people]
        channels += [f"pager:{person}" for person in people]
        dedup = f"brake:{what}:{release.digest}"
        store = self.release_store
        page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)

    def _signatories(self, release: Release) -> tuple[str, ...]:
        """Nobody when the ledger cannot be read; the plan's channels and the author hear of it."""
        try:
            return self.records.of(release).signatories
        except LedgerError:
            return ()
