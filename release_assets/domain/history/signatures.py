"""The sign-offs of a release as they were signed: read from the statement, never from beside it.

Decides whether a signature is still valid: made over this statement by a key of the person it
names. Whether it was accepted then (role, segregation, expiry), the sign-off phase decided, and
its findings are among the gates.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import InputError
from release_assets.domain.history.reading import bound_digest, of_kind
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.sign_off.ssh_signature import verify_signature
from release_assets.domain.sign_off.statement import is_yes, predicate_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.history.reading import Names
    from release_assets.domain.ledger.entries import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedStatement:
    """One signed yes or no; `problem` is why its signature is not valid, else it is empty.

    `counts` when it is a yes with a valid signature for the digest that the dossier is about.
    """

    entry: int
    at: datetime
    person: str
    role: str
    decision: str
    because: str
    release_digest: str
    counts: bool
    problem: str
    public_key: str
    signature: str
    statement: Mapping[str, Any]

    @property
    def predicate(self) -> Mapping[str, Any]:
        """Return what was signed, field by field."""
        return predicate_of({"statement": self.statement})

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


def sign_offs_of(entries: Sequence[Entry], names: Names) -> tuple[SignedStatement, ...]:
    """Return all sign-offs, in order, each verified."""
    digest = bound_digest(entries)
    return tuple(_read(entry, digest, names) for entry in of_kind(entries, EntryKind.SIGN_OFF))


def _read(entry: Entry, digest: str | None, names: Names) -> SignedStatement:
    statement, predicate = entry.body.get("statement", {}), predicate_of(entry.body)
    person, signed_for = str(predicate.get("person", "")), _subject(statement)
    key, problem = _verified(statement, entry.body.get("signature", ""), person, names)
    return SignedStatement(
        entry=entry.seq,
        at=entry.at,
        person=person,
        role=str(predicate.get("role", "")),
        decision=str(predicate.get("decision", "")),
        because=str(predicate.get("because", "")),
        release_digest=signed_for,
        counts=is_yes(entry.body) and not problem and signed_for == digest,
        problem=problem,
        public_key=key,
        signature=entry.body.get("signature", ""),
        statement=statement,
    )


def _subject(statement: Mapping[str, Any]) -> str:
    """Return the release digest that was signed; empty when the statement names none."""
    subjects = statement.get("subject") or [{}]
    value = subjects[0].get("digest", {}).get("sha256", "")
    return f"sha256:{value}" if value else ""


def _verified(
    statement: Mapping[str, Any], signature: str, person: str, names: Names
) -> tuple[str, str]:
    """Return the key that signed and the problem with it; one of the two may be empty."""
    try:
        key = verify_signature(rfc8785.dumps(dict(statement)), signature).public_key
    except InputError as exc:
        return "", str(exc)
    owner = names.keys.get(key)
    if owner is None:
        return key, "no one in people.yaml has the key that signed"
    return key, "" if owner == person else f"the key that signed is {names.name_of(owner)}'s"
