"""Who wrote, reviewed and promoted a release, as the ledger has it; persons by id.

Decides nothing about who may: the sign-off phase did, and its findings are among the gates. The
promotion's own record of people goes first; before there is one, people are read from the evidence
about the change and its reviews (SOC 2 CC8.1).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.history.reading import (
    CHANGE,
    CHANGE_RECORD,
    newest_evidence,
    of_kind,
    with_event,
)
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.history.reading import Names
    from release_assets.domain.ledger.entries import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Persons (or accounts, where no person was resolved) by what they did.

    `prompts_by` are those who touched the prompts and did not open the change.
    """

    authored_by: tuple[str, ...]
    prompts_by: tuple[str, ...]
    reviewed_by: tuple[str, ...]
    executed_by: str | None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def people_of(entries: Sequence[Entry], names: Names) -> People:
    """Return who did what, from the promotion's record or from what was seen before it.

    `names` has which accounts and ids are one person, so that no one is listed twice.
    """
    change = newest_evidence(entries, CHANGE)
    reviews = newest_evidence(entries, CHANGE_RECORD)
    promoted = with_event(entries, RolloutEvent.PROMOTED)
    recorded: Mapping[str, Any] = promoted[-1].body.get("people", {}) if promoted else {}
    authors = recorded.get("authored_by") or reviews.get("authored_by") or _authors(entries, change)
    prompts = recorded.get("prompts_by") or _prompt_authors(change, names)
    others = _without(authors, prompts, names)
    return People(
        authored_by=others or tuple(authors),
        prompts_by=tuple(prompts) if others else (),
        reviewed_by=tuple(recorded.get("reviewed_by") or reviews.get("reviewed_by") or ()),
        executed_by=recorded.get("executed_by"),
    )


def _without(people: Sequence[str], others: Sequence[str], names: Names) -> tuple[str, ...]:
    listed = {names.name_of(other) for other in others}
    return tuple(person for person in people if names.name_of(person) not in listed)


def _authors(entries: Sequence[Entry], change: Mapping[str, Any]) -> list[str]:
    """Return who opened the change, then all who have a part in its commits."""
    sightings = of_kind(entries, EntryKind.CHANGE_SEEN)
    opened = [e.body["author"] for e in sightings if "author" in e.body]
    named = [change["author"]] if "author" in change else []
    committed = [a for commit in change.get("commits", ()) for a in commit["authors"]]
    return list(dict.fromkeys((*opened[-1:], *named, *committed)))


def _prompt_authors(change: Mapping[str, Any], names: Names) -> tuple[str, ...]:
    """Return who touched a prompt without having opened the change."""
    touching = [c for c in change.get("commits", ()) if any(map(_is_prompt, c.get("paths", ())))]
    found = dict.fromkeys(author for commit in touching for author in commit["authors"])
    return _without(tuple(found), (change.get("author", ""),), names)


def _is_prompt(path: str) -> bool:
    return "prompts" in path.split("/")[:-1]
