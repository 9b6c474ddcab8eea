"""Whether stored rows form one unbroken, unchanged log.

Decides which entry is the first bad one, and what is wrong with it; refuses to know where rows are
stored. A log that was rewritten and recomputed as a whole is sound in itself: only a head that
another party holds shows it, so `verify` takes heads seen elsewhere (SOC 2 CC7.2; NIST SP 800-53
AU-9, AU-10).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.errors import LedgerError
from release_assets.domain.ledger.canonical import canonical
from release_assets.domain.ledger.entries import Head, bad_entry
from release_assets.domain.ledger.merkle import extend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release_assets.domain.ledger.entries import Row
    from release_assets.domain.ledger.merkle import Peaks


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """The beginning of a ledger that was verified: its size and the tree's peaks after it."""

    size: int = 0
    peaks: Peaks = ()

    @property
    def head(self) -> Head:
        """Return size and root of this beginning."""
        return Head.of(self.size, self.peaks)

    def then(self, row: Row) -> Verified:
        """Return it with the next row; raises `LedgerError` when `row` does not follow."""
        _require_next(row.seq, self.size)
        row.require_own_leaf()
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

    `seen` are heads that another party holds (a sign-off, a checkpoint, yesterday's mail). Raises
    `LedgerError` that names the first bad entry and what is wrong with it.
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
    """Refuse a ledger that is shorter than it was when seen; raises `LedgerError`."""
    if seen > size:
        raise LedgerError(
            f"the ledger ends at entry {size}, but a head of {seen} entries was seen: entry "
            f"{size + 1} and what follows were cut off; restore them from a backup",
            entry=size + 1,
        )


def _require_our_form(row: Row) -> None:
    """Refuse what this code would not have written, even when its hashes are right."""
    if canonical(row.unverified_entry().body) != row.body:
        raise bad_entry(row.seq, "its body is not in canonical form")


def _require_next(seq: int, size: int) -> None:
    if seq <= size:
        raise bad_entry(seq, f"it is where entry {size + 1} belongs: the order was changed")
    if seq > size + 1:
        raise LedgerError(
            f"entry {size + 1} is missing: entry {seq} follows entry {size}", entry=size + 1
        )
