"""What production runs, and which rollouts are active, by the ledger alone.

Folded from the entries about adoptions and rollouts, so that only what is new is read: a release
store that was lost neither frees a rollout nor starts one twice (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from release_assets.domain.ledger.entries import Entry
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent

KINDS = (EntryKind.ADOPTION, EntryKind.ROLLOUT)
ENDS = (RolloutEvent.COMPLETED, RolloutEvent.ROLLED_BACK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Production:
    """The state after the entry `seen`.

    `active` are the releases that were promoted and did not end yet, in order; `stable` holds for
    each feature the entry by which its stable release became it.
    """

    seen: int = 0
    active: tuple[str, ...] = ()
    stable: Mapping[str, Entry] = field(default_factory=dict)

    def after(self, entries: Iterable[Entry]) -> Production:
        """Return the state after further entries of `KINDS`, oldest first."""
        seen, active, stable = self.seen, dict.fromkeys(self.active), dict(self.stable)
        for entry in entries:
            seen, release, event = entry.seq, str(entry.release), entry.event
            if event is RolloutEvent.PROMOTED:
                active[release] = None
            if event in ENDS:
                active.pop(release, None)
            if event is RolloutEvent.COMPLETED or entry.kind is EntryKind.ADOPTION:
                stable[release.rpartition("-")[0]] = entry
        return Production(seen=seen, active=tuple(active), stable=stable)
