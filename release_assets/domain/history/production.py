"""What production runs, which rollouts are active, and what was signed, by the ledger alone.

Folded from the entries about adoptions, sign-offs and rollouts, so that only what is new is read: a
release store that was lost neither frees a rollout nor starts one twice (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.rollout.machine import ends_rollout
from release_assets.domain.sign_off.statement import is_yes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.ledger.entries import Entry

KINDS = (EntryKind.ADOPTION, EntryKind.SIGN_OFF, EntryKind.ROLLOUT)
ENDS = tuple(event for event in RolloutEvent if ends_rollout(event))


@dataclass(frozen=True, kw_only=True, slots=True)
class Production:
    """The state after the entry `seen`.

    `active` are the releases that were promoted and did not end yet, in order; `promoted` the
    release digests that ever were; `stable` holds for each feature the entry by which its stable
    release became it. `signed` holds the number of the newest yes for each release and digest, in
    the order of the first yes; its signature is not verified here.
    """

    seen: int = 0
    active: tuple[str, ...] = ()
    promoted: frozenset[str] = frozenset()
    stable: Mapping[str, Entry] = field(default_factory=dict)
    signed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def after(self, entries: Sequence[Entry]) -> Production:
        """Return the state after further entries of `KINDS`, oldest first."""
        if not entries:
            return self
        active, promoted = dict.fromkeys(self.active), set(self.promoted)
        stable, signed = dict(self.stable), dict(self.signed)
        for entry in entries:
            release, digest = str(entry.release), str(entry.release_digest)
            if entry.event is RolloutEvent.PROMOTED:
                active[release] = None
                promoted.add(digest)
            if entry.event in ENDS:
                active.pop(release, None)
            if entry.event is RolloutEvent.COMPLETED or entry.kind is EntryKind.ADOPTION:
                stable[release.rpartition("-")[0]] = entry
            if entry.kind is EntryKind.SIGN_OFF and is_yes(entry.body):
                signed[release, digest] = entry.seq
        return Production(
            seen=entries[-1].seq,
            active=tuple(active),
            promoted=frozenset(promoted),
            stable=stable,
            signed=signed,
        )
