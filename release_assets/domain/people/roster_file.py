"""Reads the roster from `people.yaml`, strictly: every refusal names file and line.

Decides what a roster file may say; `people.py` knows what it means, and `roster_twins.py` refuses
whom it could take for two.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads it at run time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, ConfigDict, Field

from release_assets.domain.documents import FileRecord, read_located
from release_assets.domain.people.roster import (
    HeldRole,
    Key,
    Person,
    Robot,
    RobotKind,
    Role,
    Roster,
    Validity,
    bare_key,
)
from release_assets.domain.people.twins import require_known_directors, require_one_owner

if TYPE_CHECKING:
    from collections.abc import Iterable


def _one_word(text: str) -> str:
    if not text or text.split() != [text]:
        raise ValueError("must be one word without spaces")
    return text


def _public_key(line: str) -> str:
    if len(line.split()) < 2:
        raise ValueError("must be a public key line like 'ssh-ed25519 AAAA... comment'")
    return bare_key(line)


Name = Annotated[str, AfterValidator(_one_word)]
PublicKey = Annotated[str, AfterValidator(_public_key)]


class _KeyRecord(FileRecord):
    public_key: PublicKey
    valid_from: date | None = None
    valid_until: date | None = None


class RoleRecord(FileRecord):
    """A role and its days, as a file says it."""

    model_config = ConfigDict(validate_by_name=True)

    role: Role
    since: date | None = Field(default=None, alias="from")
    until: date | None = None


class _PersonRecord(FileRecord):
    person: Name
    name: str = ""
    accounts: tuple[Name, ...]
    emails: tuple[Name, ...] = ()
    keys: tuple[_KeyRecord, ...] = ()
    roles: tuple[RoleRecord, ...] = ()


class _RobotRecord(FileRecord):
    robot: Name
    kind: RobotKind
    accounts: tuple[Name, ...]
    directed_by: tuple[Name, ...]


class _PeopleRecord(FileRecord):
    people: tuple[_PersonRecord, ...]
    robots: tuple[_RobotRecord, ...] = ()


def read_people(text: str, *, file: str) -> Roster:
    """Read `people.yaml`; raises `InputError` or `UnknownWordError` with file and line."""
    located = read_located(text, _PeopleRecord, file=file)
    record, lines = located.record, located.lines
    roster = Roster(
        people=tuple(_person(p) for p in record.people),
        robots=tuple(_robot(r) for r in record.robots),
    )
    require_one_owner(roster, lines.error)
    require_known_directors(roster, lines.error)
    return roster


def held_roles(records: Iterable[RoleRecord]) -> tuple[HeldRole, ...]:
    """The roles that a file gives a person."""
    return tuple(
        HeldRole(role=r.role, valid=Validity(since=r.since, until=r.until)) for r in records
    )


def _person(record: _PersonRecord) -> Person:
    return Person(
        id=record.person,
        name=record.name,
        accounts=record.accounts,
        emails=record.emails,
        keys=tuple(
            Key(
                public_key=k.public_key,
                valid=Validity(since=k.valid_from, until=k.valid_until),
            )
            for k in record.keys
        ),
        roles=held_roles(record.roles),
    )


def _robot(record: _RobotRecord) -> Robot:
    return Robot(
        id=record.robot,
        kind=record.kind,
        accounts=record.accounts,
        directed_by=record.directed_by,
    )
