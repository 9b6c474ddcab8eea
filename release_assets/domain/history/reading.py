"""How entries are read: by kind and event, numbers from decimal text, names of people from ids.

Decides how what the ledger holds (no floats, persons by id) becomes a value or a word in a
sentence; of the pipeline it knows the names of the evidence that history reads, and no phase.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.people.roster import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.people.roster import Roster

# Evidence that history reads by name; `release_assets/pipeline.py`, above the domain, lists it.
CHANGE = "pre_merge/change"
DEPLOYMENT = "staging/deployment"
CHANGE_RECORD = "sign_off/change_record"
ROLLOUT = "canary/rollout"
LIVE_SCORES = "canary/live_scores"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of persons by person id and by account, and the owners of public keys.

    An id that is not in the roster is shown as it is; a key that is not in it has no owner.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_roster(cls, roster: Roster) -> Names:
        """Return the names in a roster; a robot is marked as one."""
        names = {key: p.name or p.id for p in roster.people for key in (p.id, *p.accounts)}
        robots = {key: f"{r.id} (robot)" for r in roster.robots for key in (r.id, *r.accounts)}
        keys = {key.public_key: person.id for person in roster.people for key in person.keys}
        return cls(names=robots | names, keys=keys)

    def name_of(self, who: str) -> str:
        """Return the name behind a person id or an account."""
        return self.names.get(who, who)

    def list(self, people: Iterable[str]) -> str:
        """Return names for a sentence, each once: `Ben Lindqvist, Chloe Marchand`."""
        return ", ".join(dict.fromkeys(self.name_of(who) for who in people))


def of_kind(entries: Iterable[Entry], *kinds: EntryKind) -> tuple[Entry, ...]:
    """Return the entries of these kinds, in order."""
    return tuple(entry for entry in entries if entry.kind in kinds)


def with_event(entries: Iterable[Entry], event: RolloutEvent) -> tuple[Entry, ...]:
    """Return the rollout entries with this event, in order."""
    return tuple(entry for entry in entries if entry.event is event)


def newest_evidence(entries: Iterable[Entry], name: str) -> Mapping[str, Any]:
    """Return the summary of the newest evidence of that name; empty when there is none."""
    found = [e for e in of_kind(entries, EntryKind.EVIDENCE) if e.body.get("name") == name]
    return found[-1].body.get("summary", {}) if found else {}


def bound_digest(entries: Sequence[Entry]) -> str | None:
    """Return the release digest a dossier is about: the promoted one, else the newest seen."""
    named = [e.release_digest for e in entries if e.release_digest]
    promoted = [e.release_digest for e in with_event(entries, RolloutEvent.PROMOTED)]
    return (promoted or named or [None])[-1]


def number(value: Any) -> float | None:
    """Return a number that the ledger holds as text or as an integer; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def count(value: Any) -> int | None:
    """Return a whole number that the ledger holds; None for anything else."""
    found = number(value)
    return None if found is None else int(found)


def role_in_words(role: str | None) -> str:
    """Return `release_manager` as a sentence has it: `release manager`."""
    known = {r.value: r.spoken for r in Role}
    return known.get(role or "", (role or "no role").replace("_", " "))


def moment_in_words(at: datetime) -> str:
    """Return a time as `2026-11-26 10:02:11 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def share_in_words(traffic_pct: float) -> str:
    """Return a share as `1 %`; a share below that keeps its digits."""
    return f"{traffic_pct:g} %"
