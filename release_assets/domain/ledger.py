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
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import LedgerError, UnknownWordError
from release_assets.domain.merkle import HASH_BYTES, Peaks, extend, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRY_KINDS = (
    "adoption",
    "change_seen",
    "evidence",
    "verdict",
    "sign_off",
    "refusal",
    "intent",
    "observation",
    "rollout",
    "notice",
    "drift",
)


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
    """One decision; `seq` counts from 1, `leaf` is its hash in the tree."""

    seq: int
    at: datetime
    kind: str
    release: str | None
    release_digest: str | None
    body: Mapping[str, Any]
    leaf: bytes

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
        """The entry, verified against its leaf hash; raises `LedgerError`."""
        _require_own_leaf(self)
        return Entry(
            seq=self.seq,
            at=_read_time(self),
            kind=self.kind,
            release=self.release,
            release_digest=self.release_digest,
            body=_read_body(self),
            leaf=self.leaf,
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
    """The row that follows `last`.

    Raises `UnknownWordError` for a kind the ledger does not know, `LedgerError` for a naive time or
    a body that has no canonical form.
    """
    if kind not in ENTRY_KINDS:
        raise UnknownWordError(kind, ENTRY_KINDS)
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


def verify(rows: Iterable[Row], *, seen: Iterable[Head] = ()) -> Head:
    """Verify a whole ledger, from its first row; returns its head.

    `seen` are heads that somebody else holds (a sign-off, a checkpoint, yesterday's mail). Raises
    `LedgerError` that names the first bad entry and says what is wrong with it.
    """
    expected = _by_size(seen)
    size = 0
    peaks: Peaks = ()
    for row in rows:
        peaks = _require_sound(row, size, peaks)
        size += 1
        _require_seen(size, peaks, expected)
    _require_not_cut(size, expected)
    return Head.of(size, peaks)


def require_tree(
    leaves: Iterable[tuple[int, bytes]], head: Head, *, seen: Iterable[Head] = ()
) -> None:
    """Refuse a ledger whose numbered leaf hashes are not the tree of its head.

    Cheaper than `verify`, since no body is read; with `Row.entry` of the rows in question it shows
    that they are the ones in the tree. Raises `LedgerError`.
    """
    expected = _by_size(seen)
    size = 0
    peaks: Peaks = ()
    for seq, leaf in leaves:
        _require_next(seq, size)
        peaks = extend(peaks, size, leaf)
        size += 1
        _require_seen(size, peaks, expected)
    _require_not_cut(size, expected)
    if Head.of(size, peaks) != head:
        raise LedgerError(
            f"the hashes of the {size} entries are not those of the ledger's head, so one was "
            "changed; run `countersign ledger verify` to find it"
        )


def split_peaks(stored: bytes) -> Peaks:
    """The peaks of a row, one by one."""
    return tuple(stored[i : i + HASH_BYTES] for i in range(0, len(stored), HASH_BYTES))


def _require_sound(row: Row, size: int, peaks: Peaks) -> Peaks:
    _require_next(row.seq, size)
    _require_own_leaf(row)
    if row.kind not in ENTRY_KINDS:
        raise _bad(row.seq, f"it is of unknown kind '{row.kind}'")
    _read_time(row)
    if canonical(_read_body(row)) != row.body:
        raise _bad(row.seq, "its body is not in canonical form")
    grown = extend(peaks, size, row.leaf)
    if b"".join(grown) != row.peaks:
        raise _bad(
            row.seq,
            "it does not continue the entries before it; one of them, or this one, was changed "
            "and its hash recomputed; compare with a backup",
        )
    return grown


def _require_own_leaf(row: Row) -> None:
    if row.computed_leaf() != row.leaf:
        raise _bad(
            row.seq,
            "its content does not match its hash, so it was changed after it was written; compare "
            "with a backup and trust nothing decided on it",
        )


def _require_seen(size: int, peaks: Peaks, expected: Mapping[int, frozenset[str]]) -> None:
    if size in expected and expected[size] != {Head.of(size, peaks).root}:
        raise _bad(
            size,
            "a head seen at this size has another root, so an entry up to here was replaced and "
            "everything after it recomputed; compare with a backup",
        )


def _require_not_cut(size: int, expected: Mapping[int, frozenset[str]]) -> None:
    if beyond := [known for known in expected if known > size]:
        raise LedgerError(
            f"the ledger ends at entry {size}, but a head of {max(beyond)} entries was seen: entry "
            f"{size + 1} and what follows were cut off; restore them from a backup",
            entry=size + 1,
        )


def _by_size(seen: Iterable[Head]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for head in seen:
        found[head.size] = found.get(head.size, frozenset()) | {head.root}
    return found


def _require_next(seq: int, size: int) -> None:
    if seq <= size:
        raise _bad(seq, f"it stands where entry {size + 1} belongs: the order was changed")
    if seq > size + 1:
        raise LedgerError(
            f"entry {size + 1} is missing: entry {seq} follows entry {size}", entry=size + 1
        )


def _bad(seq: int, what: str) -> LedgerError:
    return LedgerError(f"entry {seq}: {what}", entry=seq)


def _read_time(row: Row) -> datetime:
    try:
        return datetime.fromisoformat(row.at)
    except ValueError as exc:
        raise _bad(row.seq, f"its time '{row.at}' cannot be read") from exc


def _read_body(row: Row) -> Mapping[str, Any]:
    try:
        body = json.loads(row.body)
    except ValueError as exc:
        raise _bad(row.seq, f"its body is not JSON ({exc})") from exc
    if not isinstance(body, dict):
        raise _bad(row.seq, "its body is not a JSON object")
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
