"""Who is who: persons, the robots they direct, and the roles and keys each holds at a time.

Identity is the person; accounts, e-mails and keys hang off it, so that one human with two accounts
is counted once (law 6). Nothing is guessed: an account that is not in the roster belongs to no
one, and the rules fail closed on it. Serves SOC 2 CC6.2 and CC6.3 (AC-5).

Dates are whole days in UTC; a role or key is valid through its last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.release import digest_of_document

if TYPE_CHECKING:
    from datetime import date, datetime


class Role(StrEnum):
    """What a person may do; held from a day, and until a day where one is named."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    RELEASE_MANAGER = "release_manager"
    AI_RISK_PARTNER = "ai_risk_partner"

    @property
    def spoken(self) -> str:
        """The role in a sentence."""
        return self.value.replace("_", " ").replace("ai ", "AI ")


class RobotKind(StrEnum):
    """What drives a robot: a pipeline, a dependency updater, or an AI agent."""

    CI = "ci"
    DEPS = "deps"
    AGENT = "agent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """Days from `since` through `until`; None is open."""

    since: date | None = None
    until: date | None = None

    def covers(self, at: datetime) -> bool:
        """Whether that moment lies within."""
        day = at.astimezone(UTC).date()
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )

    def document(self) -> dict[str, str | None]:
        """Return the JSON form."""
        return {
            "from": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A public SSH key, `ssh-ed25519 AAAA...` without its comment."""

    public_key: str
    valid: Validity


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRole:
    """A role and when it is held."""

    role: Role
    valid: Validity


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A human; `id` is how records name them, `name` is in the roster only."""

    id: str
    name: str = ""
    accounts: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    roles: tuple[HeldRole, ...] = ()

    def holds(self, role: Role, at: datetime) -> bool:
        """Whether the person holds the role at that moment."""
        return any(held.role is role and held.valid.covers(at) for held in self.roles)

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "person": self.id,
            "name": self.name,
            "accounts": list(self.accounts),
            "emails": list(self.emails),
            "keys": [{"public_key": k.public_key} | k.valid.document() for k in self.keys],
            "roles": [{"role": h.role.value} | h.valid.document() for h in self.roles],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Robot:
    """An account that no human types into; may author, never review or sign.

    `directed_by` names the persons whose wishes it carries out; None is unknown, which is not the
    same as no one.
    """

    id: str
    kind: RobotKind = RobotKind.CI
    accounts: tuple[str, ...] = ()
    directed_by: tuple[str, ...] | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "robot": self.id,
            "kind": self.kind.value,
            "accounts": list(self.accounts),
            "directed_by": None if self.directed_by is None else list(self.directed_by),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """All persons and robots; `roster_file.py` reads it and refuses an account of two.

    `states_roles` is False where the file has no roles at all (JSON lines without them).
    """

    people: tuple[Person, ...]
    robots: tuple[Robot, ...] = ()
    states_roles: bool = True

    def person(self, name: str) -> Person | None:
        """Return the person of that id."""
        return next((p for p in self.people if p.id == name), None)

    def person_of(self, account: str) -> Person | Robot | None:
        """Return who is behind an account of the git host, or None if it is not in the roster."""
        everybody: tuple[Person | Robot, ...] = (*self.people, *self.robots)
        return next((x for x in everybody if account in x.accounts), None)

    def author_of(self, name: str) -> Person | Robot | None:
        """Look an account up as `person_of` does, or by e-mail, which a commit may claim."""
        email = name.removeprefix("email:").removeprefix("mailto:").casefold()
        by_email = (p for p in self.people if email in {e.casefold() for e in p.emails})
        return self.person_of(name) or next(by_email, None)

    def owner_of(self, public_key: str) -> tuple[Person, Key] | None:
        """Return whose key this is, whether valid now or not."""
        wanted = bare_key(public_key)
        owners = ((p, k) for p in self.people for k in p.keys if k.public_key == wanted)
        return next(owners, None)

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "people": [p.document() for p in self.people],
            "robots": [r.document() for r in self.robots],
        }

    @property
    def digest(self) -> str:
        """The digest that every sign-off carries: the roster as it was when it was given."""
        return digest_of_document(self.document())


def bare_key(public_key: str) -> str:
    """Return a public key line without its comment."""
    return " ".join(public_key.split()[:2])
