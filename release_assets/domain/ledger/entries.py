"""The ledger: what an entry is, which bytes it is hashed over, and whether the log is whole.

Decides whether rows form one unbroken, unchanged log; refuses to know where they are stored. A
row is hashed as two lines, its head and its body, both canonical JSON (RFC 8785); the hashes are
the leaves of an RFC 6962 tree, and each row keeps the tree's peaks after it. No floats are hashed:
numbers with a fraction are decimal text, so that every language computes the same bytes.

A log that was rewritten and recomputed as a whole is sound in itself. Only a head that somebody
else holds shows it, so `verify` takes heads seen elsewhere (SOC 2 CC7.2; AU-9, AU-10).
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import LedgerError, UnknownWordError
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.ledger.merkle import HASH_BYTES, Peaks, extend, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How many entries a ledger holds, and the root over them (`sha256:<hex>`)."""

    size: int
    root: str

    @classmethod
    def of(cls, size: int, peaks: Peaks) -> Head:
        """The head of a ledger of `size` entries with these peaks."""
        return cls(size=size, root=f"sha256:{root_of(peaks).hex()}")

    def document(self) -> dict[str, Any]:
        """The JSON form; stands in every sign-off as the head that was seen."""
        return {"size": self.size, "root": self.root}


EMPTY_HEAD = Head.of(0, ())


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
        """What Dagster's metadata, dossiers and later entries call this entry by."""
        return f"sha256:{self.leaf.hex()}"

    def document(self) -> dict[str, Any]:
        """The JSON form, for people and programs; not what is hashed."""
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
        """The hash this row must carry."""
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
        _require_own_leaf(self)
        return _read(self)


def next_row(
    last: Row | None,
    kind: str,
    body: Mapping[str, Any],
    *,
    at: datetime,
    release: str | None = None,
    release_digest: str | None = None,
) -> Row:
    """The row that follows `last`.

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
        kind=kind,
        release=release,
        release_digest=release_digest,
        body=canonical(body),
        leaf=b"",
        peaks=b"",
    )
    leaf = bare.computed_leaf()
    peaks = extend(split_peaks(last.peaks) if last else (), size, leaf)
    return replace(bare, leaf=leaf, peaks=b"".join(peaks))


def canonical(body: Mapping[str, Any]) -> bytes:
    """The bytes of a body that are hashed: RFC 8785 after `as_decimals`; raises `LedgerError`."""
    try:
        return rfc8785.dumps(as_decimals(body))
    except rfc8785.CanonicalizationError as exc:
        raise LedgerError(f"an entry cannot hold this body: {exc}; write it as text") from exc


def as_decimals(value: Any, where: str = "body") -> Any:
    """A JSON document with every float as decimal text that reads back as the same float.

    Raises `LedgerError`, naming the place, for infinite and not-a-number, for keys that are not
    text, and for anything that JSON does not know.
    """
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case Integral():
            return int(value)
        case Real() | Decimal():
            return _decimal_text(value, where)
        case Mapping():
            return {_key(k, where): as_decimals(v, f"{where}.{k}") for k, v in value.items()}
        case list() | tuple():
            return [as_decimals(item, f"{where}[{i}]") for i, item in enumerate(value)]
        case _:
            kind = type(value).__name__
            raise LedgerError(f"{where} is a {kind}, which JSON does not know; write it as text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """The beginning of a ledger that was verified: its size and the tree's peaks after it."""

    size: int = 0
    peaks: Peaks = ()

    @property
    def head(self) -> Head:
        """Size and root."""
        return Head.of(self.size, self.peaks)

    def then(self, row: Row) -> Verified:
        """With the next row; raises `LedgerError` when this is not the row that follows."""
        _require_next(row.seq, self.size)
        _require_own_leaf(row)
        peaks = extend(self.peaks, self.size, row.leaf)
        if b"".join(peaks) != row.peaks:
            raise bad_entry(
                row.seq,
                "it does not continue the entries before it; one of them, or this one, was changed "
                "and its hash recomputed; compare with a backup",
            )
        return Verified(size=row.seq, peaks=peaks)

    def require_head(self, seen: Head) -> None:
        """Refuse to go on when a head seen earlier at this size was another one."""
        if seen != self.head:
            raise bad_entry(
                self.size,
                "a head seen at this size has another root, so an entry up to here was replaced "
                "and everything after it recomputed; compare with a backup",
            )


def verify(rows: Iterable[Row], *, seen: Iterable[Head] = ()) -> Head:
    """Verify a whole ledger, from its first row; returns its head.

    `seen` are heads that somebody else holds (a sign-off, a checkpoint, yesterday's mail). Raises
    `LedgerError` that names the first bad entry and says what is wrong with it.
    """
    heads: dict[int, list[Head]] = defaultdict(list)
    for head in seen:
        heads[head.size].append(head)
    done = Verified()
    for row in rows:
        _require_our_form(row)
        done = done.then(row)
        for head in heads.get(done.size, ()):
            done.require_head(head)
    require_not_cut(done.size, max(heads, default=0))
    return done.head


def require_not_cut(size: int, seen: int) -> None:
    """Refuse a ledger that is shorter than somebody saw it; raises `LedgerError`."""
    if seen > size:
        raise LedgerError(
            f"the ledger ends at entry {size}, but a head of {seen} entries was seen: entry "
            f"{size + 1} and what follows were cut off; restore them from a backup",
            entry=size + 1,
        )


def bad_entry(seq: int, what: str) -> LedgerError:
    """The error about one entry."""
    return LedgerError(f"entry {seq}: {what}", entry=seq)


def split_peaks(stored: bytes) -> Peaks:
    """The peaks of a row, one by one."""
    return tuple(stored[i : i + HASH_BYTES] for i in range(0, len(stored), HASH_BYTES))


def _require_our_form(row: Row) -> None:
    """What we would not have written is not ours, even when its hashes are right."""
    if canonical(_read(row).body) != row.body:
        raise bad_entry(row.seq, "its body is not in canonical form")


def _require_own_leaf(row: Row) -> None:
    if row.computed_leaf() != row.leaf:
        raise bad_entry(
            row.seq,
            "its content does not match its hash, so it was changed after it was written; compare "
            "with a backup and trust nothing decided on it",
        )


def _require_next(seq: int, size: int) -> None:
    if seq <= size:
        raise bad_entry(seq, f"it stands where entry {size + 1} belongs: the order was changed")
    if seq > size + 1:
        raise LedgerError(
            f"entry {size + 1} is missing: entry {seq} follows entry {size}", entry=size + 1
        )


def _read(row: Row) -> Entry:
    kind, body = _read_kind(row), _read_body(row)
    return Entry(
        seq=row.seq,
        at=_read_time(row),
        kind=kind,
        release=row.release,
        release_digest=row.release_digest,
        body=body,
        leaf=row.leaf,
        event=_read_event(row.seq, body) if kind is EntryKind.ROLLOUT else None,
    )


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


def _decimal_text(value: Real | Decimal, where: str) -> str:
    if isinstance(value, Decimal):
        number, text = float(value), str(value)
    else:
        number = float(value)
        text = float.__repr__(number)
    if not math.isfinite(number):
        raise LedgerError(f"{where} is {number}, which is not a number that can be recorded")
    return text


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise LedgerError(f"{where} has the key {key!r}, which is not text")
    return str.__str__(key)
