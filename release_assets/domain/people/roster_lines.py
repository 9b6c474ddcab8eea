"""Reads the roster from JSON lines, for `countersign segregation check` on exported records.

Such a file may leave roles out; then the roster says so, and the rules about roles are not asked.
"""

from __future__ import annotations

from release_assets.domain.documents import FileRecord, read_json_lines
from release_assets.domain.errors import InputError
from release_assets.domain.people.roster import Person, Robot, Roster
from release_assets.domain.people.roster_file import Name, RoleRecord, held_roles
from release_assets.domain.people.twins import require_known_directors, require_one_owner


class _LineRecord(FileRecord):
    person: Name
    name: str = ""
    accounts: tuple[Name, ...]
    emails: tuple[Name, ...] = ()
    roles: tuple[RoleRecord, ...] | None = None
    robot: bool = False
    directed_by: tuple[Name, ...] | None = None


def read_people_lines(text: str, *, file: str) -> Roster:
    """Read JSON lines `{"person", "accounts", "robot"?, "directed_by"?, "roles"?}`."""
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
        roles=held_roles(record.roles or ()),
    )
