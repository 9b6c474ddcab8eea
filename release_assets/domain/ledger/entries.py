"""What an entry of the ledger is, as a record and as a stored row, and which row follows another.

Decides how a row becomes an entry and what it is hashed over: two lines, its head and its body,
both canonical JSON (RFC 8785). The hashes are the leaves of an RFC 6962 tree, and each row keeps
the tree's peaks after it. A kind or an event that is not in `kinds` is an error that names the
entry. Whether the rows are one unbroken log is decided in `verification`; where they are stored is
not known here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import LedgerError, UnknownWordError
from release_assets.domain.ledger.canonical import canonical
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.ledger.merkle import HASH_BYTES, Peaks, extend, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How many entries a ledger holds, and the root over them (`sha256:<hex>`)."""

    size: int
    root: str

    @classmethod
    def of(cls, size: int, peaks: Peaks) -> Head:
        """Return the head of a ledger of `size` entries with these peaks."""
        return cls(size=size, root=f"sha256:{root_of(peaks).hex()}")

    def document(self) -> dict[str, Any]:
        """Return the JSON form; every sign-off has it, as the head that was seen."""
        return {"size": self.size, "root": self.root}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One decision; `seq` counts from 1, `leaf` is its hash in the tree.

    `event` is what happened to the rollout, None for an entry of another kind than `rollout`.
    """

    seq: int
    at: datetime
    kind: EntryKind
    release: str | None
    release_digest: str | None
    body: Mapping[str, Any]
    leaf: bytes
    event: RolloutEvent | None = None

    @property
    def digest(self) -> str:
        """Return the name of this entry in Dagster's metadata, dossiers and later entries."""
        return f"sha256:{self.leaf.hex()}"

    def document(self) -> dict[str, Any]:
        """Return the JSON form, for people and programs; not what is hashed."""
        return {
            "seq": self.seq,
            "at": self.at.isoformat(),
            "kind": self.kind,
            "release": self.release,
            "release_digest": self.release_digest,
            "body": dict(self.body),
            "digest": self.digest,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An entry as it is stored: times as text, the body as canonical bytes, peaks in one piece."""

    seq: int
    at: str
    kind: str
    release: str | None
    release_digest: str | None
    body: bytes
    leaf: bytes
    peaks: bytes

    def computed_leaf(self) -> bytes:
        """Return the hash that this row must have."""
        head: dict[str, int | str | None] = {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "release": self.release,
            "release_digest": self.release_digest,
        }
        return leaf_hash(rfc8785.dumps(head) + b"\n" + self.body)

    def entry(self) -> Entry:
        """Return the entry, verified against its leaf hash.

        Raises `LedgerError` that names the entry, also for a kind or an event that is not known.
        """
        self.require_own_leaf()
        return self.unverified_entry()

    def unverified_entry(self) -> Entry:
        """Return the entry without a look at its hash; raises `LedgerError` as `entry` does."""
        kind, body = _read_kind(self), _read_body(self)
        return Entry(
            seq=self.seq,
            at=_read_time(self),
            kind=kind,
            release=self.release,
            release_digest=self.release_digest,
            body=body,
            leaf=self.leaf,
            event=_read_event(self.seq, body) if kind is EntryKind.ROLLOUT else None,
        )

    def require_own_leaf(self) -> None:
        """Refuse a row whose content does not match its hash; raises `LedgerError`."""
        if self.computed_leaf() != self.leaf:
            raise bad_entry(
                self.seq,
                "its content does not match its hash, so it was changed after it was written; "
                "compare with a backup and trust nothing decided on it",
            )


def next_row(
    last: Row | None,
    kind: str,
    body: Mapping[str, Any],
    *,
    at: datetime,
    release: str | None = None,
    release_digest: str | None = None,
) -> Row:
    """Return the row that follows `last`.

    Raises `UnknownWordError` for a kind or a rollout event that is not in `kinds`, `LedgerError`
    for a naive time or a body that has no canonical form.
    """
    if kind not in set(EntryKind):
        raise UnknownWordError(kind, EntryKind)
    if kind == EntryKind.ROLLOUT and body.get("event") not in set(RolloutEvent):
        raise UnknownWordError(str(body.get("event")), RolloutEvent)
    size = last.seq if last else 0
    bare = Row(
        seq=size + 1,
        at=_utc_text(at),
        kind=EntryKind(kind).value,
        release=release,
        release_digest=release_digest,
        body=canonical(body),
        leaf=b"",
        peaks=b"",
    )
    leaf = bare.computed_leaf()
    peaks = extend(split_peaks(last.peaks) if last else (), size, leaf)
    return replace(bare, leaf=leaf, peaks=b"".join(peaks))


def bad_entry(seq: int, what: str) -> LedgerError:
    """Return the error about one entry."""
    return LedgerError(f"entry {seq}: {what}", entry=seq)


def split_peaks(stored: bytes) -> Peaks:
    """Return the peaks of a row, one by one."""
    return tuple(stored[i : i + HASH_BYTES] for i in range(0, len(stored), HASH_BYTES))


def _read_kind(row: Row) -> EntryKind:
    try:
        return EntryKind(row.kind)
    except ValueError as exc:
        known = ", ".join(EntryKind)
        raise bad_entry(row.seq, f"unknown kind '{row.kind}'; known: {known}") from exc


def _read_event(seq: int, body: Mapping[str, Any]) -> RolloutEvent:
    word = body.get("event")
    try:
        return RolloutEvent(str(word))
    except ValueError as exc:
        known = ", ".join(RolloutEvent)
        raise bad_entry(seq, f"unknown rollout event '{word}'; known: {known}") from exc


def _read_time(row: Row) -> datetime:
    try:
        return datetime.fromisoformat(row.at)
    except ValueError as exc:
        raise bad_entry(row.seq, f"its time '{row.at}' cannot be read") from exc


def _read_body(row: Row) -> Mapping[str, Any]:
    try:
        body = json.loads(row.body)
    except ValueError as exc:
        raise bad_entry(row.seq, f"its body is not JSON ({exc})") from exc
    if not isinstance(body, dict):
        raise bad_entry(row.seq, "its body is not a JSON object")
    return body


def _utc_text(at: datetime) -> str:
    if at.utcoffset() is None:
        raise LedgerError(f"the time {at.isoformat()} has no zone; entries take aware UTC times")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
