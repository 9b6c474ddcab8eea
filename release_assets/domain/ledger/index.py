"""What a process remembers of the ledger it verified: enough to recognise a row.

Decides which entries a question is about, and refuses rows that are not those that were verified:
an entry whose kind was changed by hand in the database would otherwise be missing from the answer
to "who rejected this release?". Holds hashes, kinds and releases; never a body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from release_assets.domain.ledger.entries import Head, bad_entry, split_peaks
from release_assets.domain.ledger.verification import Verified, require_not_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from release_assets.domain.ledger.entries import Row


class _Known(NamedTuple):
    kind: str
    release: str | None
    release_digest: str | None
    leaf: bytes


class LedgerIndex:
    """Grows row by row, and recognises each of them."""

    def __init__(self) -> None:
        self._verified = Verified()
        self._known: list[_Known] = []

    @property
    def size(self) -> int:
        """Return how many rows were verified."""
        return self._verified.size

    @property
    def head(self) -> Head:
        """Return the head of what was verified."""
        return self._verified.head

    def grow(self, rows: Iterable[Row]) -> None:
        """Verify the rows that follow; raises `LedgerError` and keeps those before the bad one."""
        for row in rows:
            self._verified = self._verified.then(row)
            self._known.append(_Known(row.kind, row.release, row.release_digest, row.leaf))

    def find(
        self,
        release: str | None,
        kinds: Sequence[str],
        after: int,
        release_digest: str | None = None,
    ) -> list[int]:
        """Return the numbers of the entries that a question is about."""
        return [
            number
            for number, known in enumerate(self._known[after:], start=after + 1)
            if release in {None, known.release}
            and release_digest in {None, known.release_digest}
            and (not kinds or known.kind in kinds)
        ]

    def same(self, numbers: Sequence[int], rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of these numbers, each the one that was verified; raises `LedgerError`."""
        found = {row.seq: row for row in rows}
        for number in numbers:
            row = found.get(number)
            if row is None or row.leaf != self._known[number - 1].leaf:
                raise bad_entry(number, "it is not the one that was read before; run verify")
            yield row

    def require_continued(self, size: int, last_known: Iterable[Row]) -> None:
        """Refuse a ledger that is not the one verified before, perhaps longer.

        `last_known` is the row at the verified size, if any. Raises `LedgerError`.
        """
        require_not_cut(size, self.size)
        for row in last_known:
            self._verified.require_head(Head.of(row.seq, split_peaks(row.peaks)))
