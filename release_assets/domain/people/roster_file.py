"""Reads the roster, strictly: from `people.yaml`, or from JSON lines beside exported records.

Decides what a roster file may contain; `roster.py` gives it its meaning, and `ownership.py` refuses
an identity with two owners. JSON lines (for `countersign segregation check`) may leave roles out;
then the roster does not state roles, and no rule about roles is applied.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads it at run time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, ConfigDict, Field

from release_assets.domain.documents import FileRecord, read_json_lines, read_located
from release_assets.domain.errors import InputError
from release_assets.domain.people.ownership import require_known_directors, require_one_owner
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


_Name = Annotated[str, AfterValidator(_one_word)]
_PublicKey = Annotated[str, AfterValidator(_public_key)]


class _KeyRecord(FileRecord):
    public_key: _PublicKey
    valid_from: date | None = None
    valid_until: date | None = None


class _RoleRecord(FileRecord):
    model_config = ConfigDict(validate_by_name=True)

    role: Role
    since: date | None = Field(default=None, alias="from")
    until: date | None = None


class _PersonRecord(FileRecord):
    person: _Name
    name: str = ""
    accounts: tuple[_Name, ...]
    emails: tuple[_Name, ...] = ()
    keys: tuple[_KeyRecord, ...] = ()
    roles: tuple[_RoleRecord, ...] = ()


class _RobotRecord(FileRecord):
    robot: _Name
    kind: RobotKind
    accounts: tuple[_Name, ...]
    directed_by: tuple[_Name, ...]


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


def _held_roles(records: Iterable[_RoleRecord]) -> tuple[HeldRole, ...]:
    """Return the roles that a file gives a person."""
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
        roles=_held_roles(record.roles),
    )


def _robot(record: _RobotRecord) -> Robot:
    return Robot(
        id=record.robot,
        kind=record.kind,
        accounts=record.accounts,
        directed_by=record.directed_by,
    )


class _LineRecord(FileRecord):
    person: _Name
    name: str = ""
    accounts: tuple[_Name, ...]
    emails: tuple[_Name, ...] = ()
    roles: tuple[_RoleRecord, ...] | None = None
    robot: bool = False
    directed_by: tuple[_Name, ...] | None = None


def read_people_lines(text: str, *, file: str) -> Roster:
    """Read JSON lines `{"person", "accounts", "robot"?, "directed_by"?, "roles"?}`, one each."""
    records = read_json_lines(text, _LineRecord, file=file, unique="person")
    people, robots = (tuple(r for r in records if r.robot is robot) for robot in (False, True))
    roster = Roster(
        people=tuple(_person_of_line(p) for p in people),
        robots=tuple(
            Robot(id=r.person, accounts=r.accounts, directed_by=r.directed_by) for r in robots
        ),
        states_roles=any(r.roles is not None for r in people),
    )

    def refuse(message: str, *_path: str | int, hint: str = "") -> InputError:
        return InputError(message, file=file, hint=hint)

    require_one_owner(roster, refuse)
    require_known_directors(roster, refuse)
    return roster


def _person_of_line(record: _LineRecord) -> Person:
    return Person(
        id=record.person,
        name=record.name,
        accounts=record.accounts,
        emails=record.emails,
        roles=_held_roles(record.roles or ()),
    )
