"""Refuses a roster in which one identity has two owners, or a robot an unknown director.

One account, e-mail or key belongs to one owner: two persons behind one login cannot be told apart,
and one person behind two entries would be counted twice. The refusal names both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_assets.domain.people.roster import Roster

Refuse = Callable[..., InputError]
"""Makes the error for a message and the path of what is wrong: `people`, 0, `accounts`, 1."""


class _Claim(NamedTuple):
    """That something belongs to an owner, and where that is written."""

    what: str
    value: str
    owner: str
    refuse: Callable[[str], InputError]


def require_one_owner(roster: Roster, refuse: Refuse) -> None:
    """Raise what `refuse` makes when an account, e-mail, key or name has two owners."""
    owners: dict[tuple[str, str], str] = {}
    for claim in _claims(roster, refuse):
        # Hosts differ in whether case counts; two spellings are one account.
        identity = (claim.what, claim.value if claim.what == "key" else claim.value.casefold())
        if identity in owners:
            raise claim.refuse(_twin(claim, owners[identity]))
        owners[identity] = claim.owner


def require_known_directors(roster: Roster, refuse: Refuse) -> None:
    """Raise what `refuse` makes when a robot is directed by someone not in the roster."""
    for i, robot in enumerate(roster.robots):
        for j, director in enumerate(robot.directed_by or ()):
            if roster.person(director) is None:
                message = (
                    f"{robot.id} is directed by '{director}', who is not a person in this file"
                )
                raise refuse(message, "robots", i, "directed_by", j)


def _claims(roster: Roster, refuse: Refuse) -> Iterator[_Claim]:
    for i, person in enumerate(roster.people):
        yield _Claim("name", person.id, person.id, _at(refuse, "people", i, "person"))
        for j, account in enumerate(person.accounts):
            yield _Claim("account", account, person.id, _at(refuse, "people", i, "accounts", j))
        for j, email in enumerate(person.emails):
            yield _Claim("e-mail", email, person.id, _at(refuse, "people", i, "emails", j))
        for j, key in enumerate(person.keys):
            yield _Claim("key", key.public_key, person.id, _at(refuse, "people", i, "keys", j))
    for i, robot in enumerate(roster.robots):
        yield _Claim("name", robot.id, robot.id, _at(refuse, "robots", i, "robot"))
        for j, account in enumerate(robot.accounts):
            yield _Claim("account", account, robot.id, _at(refuse, "robots", i, "accounts", j))


def _twin(claim: _Claim, other: str) -> str:
    if claim.owner == other:
        return f"duplicate {claim.what} '{claim.value}' of {other}"
    return f"the {claim.what} '{claim.value}' belongs to {other} and to {claim.owner}"


def _at(refuse: Refuse, *path: str | int) -> Callable[[str], InputError]:
    return lambda message: refuse(message, *path)
