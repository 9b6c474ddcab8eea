"""How a body is read: one kind at a time, numbers from decimal text, names of people from ids.

Knows the ledger's way of writing (no floats, persons by id) and no phase of the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from release_assets.domain.people.roster import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.people.roster import Roster


@dataclass(frozen=True, slots=True)
class Names:
    """How persons are called, by person id and by account, and whose a public key is.

    An id that nobody knows speaks for itself; a key that nobody knows is nobody's.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_roster(cls, roster: Roster) -> Names:
        """The names in the roster; a robot is called one."""
        names = {key: p.name or p.id for p in roster.people for key in (p.id, *p.accounts)}
        robots = {key: f"{r.id} (robot)" for r in roster.robots for key in (r.id, *r.accounts)}
        keys = {key.public_key: person.id for person in roster.people for key in person.keys}
        return cls(of=robots | names, keys=keys)

    def say(self, who: str) -> str:
        """The name behind a person id or an account."""
        return self.of.get(who, who)

    def list(self, people: Iterable[str]) -> str:
        """Names in a sentence, each once: `Ben Lindqvist, Chloe Marchand`."""
        return ", ".join(dict.fromkeys(self.say(who) for who in people))


def of_kind(entries: Iterable[Entry], *kinds: str) -> tuple[Entry, ...]:
    """The entries of these kinds, in order."""
    return tuple(entry for entry in entries if entry.kind in kinds)


def events(entries: Iterable[Entry], *names: str) -> tuple[Entry, ...]:
    """The rollout entries with these events, in order."""
    return tuple(e for e in of_kind(entries, "rollout") if e.body.get("event") in names)


def newest_evidence(entries: Iterable[Entry], name: str) -> Mapping[str, Any]:
    """The summary of the newest evidence of that name; empty when there is none."""
    found = [e for e in of_kind(entries, "evidence") if e.body.get("name") == name]
    return found[-1].body.get("summary", {}) if found else {}


def bound_digest(entries: Sequence[Entry]) -> str | None:
    """The release digest a dossier is about: the promoted one, else the newest that was seen."""
    named = [e.release_digest for e in entries if e.release_digest]
    promoted = [e.release_digest for e in events(entries, "promoted")]
    return (promoted or named or [None])[-1]


def number(value: Any) -> float | None:
    """A number as the ledger wrote it, as text or whole; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def count(value: Any) -> int | None:
    """A whole number as the ledger wrote it; None for anything else."""
    found = number(value)
    return None if found is None else int(found)


def role_in_words(role: str | None) -> str:
    """`release_manager` in a sentence."""
    known = {r.value: r.spoken for r in Role}
    return known.get(role or "", (role or "no role").replace("_", " "))


def moment_in_words(at: datetime) -> str:
    """`2026-11-26 10:02:11 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def share_in_words(traffic_pct: float) -> str:
    """`1 %`; a share below that keeps its digits."""
    return f"{traffic_pct:g} %"
