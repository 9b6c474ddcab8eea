"""The ledger in a database: one insert-only table, whose last row is the head.

Satisfies `Ledger`. The database refuses what a mistake could do to the rows (`ledger_guards.py`);
an administrator can drop these guards. So a process verifies every row once, whatever it asks for,
and later only what is new and what it reads again: no row that was changed, hidden or taken out by
hand takes part in a decision. Appending does not wait for that; reading reports the damage.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from release_assets.domain.errors import AdapterError, LedgerError
from release_assets.domain.ledger.entries import Entry, Head, Row, next_row
from release_assets.domain.ledger.index import LedgerIndex
from release_assets.domain.ledger.verification import verify
from release_assets.ports import Ledger
from resources import ledger_guards
from resources.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_TABLES = sa.MetaData()
_ENTRIES = sa.Table(
    "ledger",
    _TABLES,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("release", sa.Text, index=True),
    sa.Column("release_digest", sa.Text),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("peaks", sa.LargeBinary, nullable=False),
)

_IN_ORDER = sa.select(_ENTRIES).order_by(_ENTRIES.c.seq)
_AT_ONCE = 500
_GUARDS = {
    "sqlite": tuple(ledger_guards.SQLITE.values()),
    "postgresql": ledger_guards.POSTGRESQL,
}


class SqlLedger(Ledger):
    """The ledger at a database URL; cheap to make, pickled by its URL, safe between processes."""

    def __init__(self, url: str, *, wait_seconds: float = 30.0) -> None:
        self.url = url
        self._wait_seconds = wait_seconds
        self._database = Database(url, _TABLES, guards=_GUARDS, wait_seconds=wait_seconds)
        self._index = LedgerIndex()
        self._one_reader = RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.url, self._wait_seconds)

    def append(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        at: datetime,
        release: str | None = None,
        release_digest: str | None = None,
    ) -> Entry:
        """Write one entry; raises `LedgerError` and writes nothing when it cannot."""
        with self._writing() as connection:
            self._require_guards(connection)
            row = next_row(
                _last(connection),
                kind,
                body,
                at=at,
                release=release,
                release_digest=release_digest,
            )
            connection.execute(_ENTRIES.insert(), _values(row))
        return row.entry()

    def entries(
        self,
        *,
        release: str | None = None,
        release_digest: str | None = None,
        kinds: Sequence[str] = (),
        after: int = 0,
    ) -> Sequence[Entry]:
        """Read entries in order; raises `LedgerError` when they are not those that were written."""
        with self._verified() as connection:
            wanted = self._index.find(release, kinds, after, release_digest)
            return tuple(row.entry() for row in self._index.same(wanted, _some(connection, wanted)))

    def head(self) -> Head:
        """Return size and root, verified."""
        with self._verified():
            return self._index.head

    def rows(self) -> Sequence[Row]:
        """Return the rows as they are stored, unverified; for `verify` and for copies."""
        with self._reading() as connection:
            return tuple(_rows(connection, _IN_ORDER))

    def verify(self, seen: Iterable[Head] = ()) -> Head:
        """Verify every entry and the whole tree, against heads seen elsewhere too."""
        return verify(self.rows(), seen=seen)

    def is_there(self) -> bool:
        """Whether the ledger exists; the question does not create it."""
        return self._database.is_there()

    @contextmanager
    def _verified(self) -> Iterator[Connection]:
        """Open a view in which every row is verified to be in the tree."""
        with self._one_reader, self._reading() as connection:
            last = _last(connection)
            self._index.require_continued(
                last.seq if last else 0, _some(connection, [self._index.size])
            )
            self._index.grow(_rows(connection, _IN_ORDER.where(_ENTRIES.c.seq > self._index.size)))
            yield connection

    def _require_guards(self, connection: Connection) -> None:
        if self._database.dialect != "sqlite":
            return
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger'"
        found: dict[str, str] = dict(connection.exec_driver_sql(query).all())
        if found != ledger_guards.SQLITE:
            raise LedgerError(
                "the triggers that guard the ledger were changed, so it is not written to; run "
                "`countersign ledger verify`, then restore a backup"
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._database.writing() as connection:
                yield connection
        except AdapterError as exc:
            raise LedgerError(f"nothing was written to the ledger: {exc}") from exc

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._database.reading() as connection:
                yield connection
        except AdapterError as exc:
            raise LedgerError(f"the ledger could not be read: {exc}") from exc


def _reopened(url: str, wait_seconds: float) -> SqlLedger:
    return SqlLedger(url, wait_seconds=wait_seconds)


def _last(connection: Connection) -> Row | None:
    query = sa.select(_ENTRIES).order_by(_ENTRIES.c.seq.desc()).limit(1)
    return next(_rows(connection, query), None)


def _some(connection: Connection, numbers: Sequence[int]) -> Iterator[Row]:
    """Read the rows of these numbers, in order."""
    for start in range(0, len(numbers), _AT_ONCE):
        chunk = numbers[start : start + _AT_ONCE]
        yield from _rows(connection, _IN_ORDER.where(_ENTRIES.c.seq.in_(chunk)))


def _rows(connection: Connection, query: sa.Select[Any]) -> Iterator[Row]:
    for found in connection.execute(query).mappings():
        values = dict(found)
        _require_types(values)
        yield Row(**values)


def _require_types(found: Mapping[str, Any]) -> None:
    """Refuse values that we cannot have written: SQLite stores any type in any column."""
    texts = all(isinstance(found[name], str) for name in ("at", "kind"))
    names = all(isinstance(found[name], str | None) for name in ("release", "release_digest"))
    blobs = all(isinstance(found[name], bytes) for name in ("body", "leaf", "peaks"))
    if not (texts and names and blobs):
        raise LedgerError(f"entry {found['seq']}: it has values of a wrong type, so it was changed")


def _values(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _ENTRIES.c.keys()}  # noqa: SIM118 - not a dict
