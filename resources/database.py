"""How our stores open a database: SQLite by file, PostgreSQL by URL, one engine a process.

Decides on transactions, waiting and what each error means; has no table of its own. SQLite runs in
WAL mode with full synchronisation, and a writer takes the lock at the start (BEGIN IMMEDIATE), so
that nothing is read that another process changes before the write. Several processes may write;
each waits for the others until a deadline. After `kill -9` the file holds either the whole
transaction or none of it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from release_assets.domain.errors import ConflictError, InputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import URL, Connection, Engine

T = TypeVar("T")

_PAUSE_SECONDS = 0.05
_BACKENDS = ("sqlite", "postgresql")
_CAUSES = {
    sqlite3.SQLITE_BUSY: "another process holds it; try again, or end the process that hangs",
    sqlite3.SQLITE_FULL: "its disk is full; free space there and try again",
    sqlite3.SQLITE_IOERR: "its disk failed to read or write; check the disk, then verify the data",
    sqlite3.SQLITE_READONLY: "it may not be written; give this user the right to write the file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; see that its folder exists and may be written",
    sqlite3.SQLITE_NOTADB: "the file is not a database; name another one, or restore a backup",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore a backup",
}


class Database:
    """One database by URL; pickled by its URL, opened when first used in each process.

    `tables` are created when they are missing, with the `guards` (SQL by dialect name) that keep
    them; in the same transaction `upgrade` changes the tables of an older version. A writer waits
    `wait_seconds` for other writers.
    """

    def __init__(
        self,
        url: str,
        tables: sa.MetaData,
        *,
        guards: dict[str, tuple[str, ...]] | None = None,
        upgrade: Callable[[Connection], None] | None = None,
        wait_seconds: float = 30.0,
    ) -> None:
        self.url = _read_url(url)
        self._tables, self._guards, self._wait_seconds = tables, guards or {}, wait_seconds
        self._upgrade = upgrade
        self._engine: Engine | None = None
        self._opened_by: int | None = None
        self._opening = Lock()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    def is_there(self) -> bool:
        """Whether the database exists; the question does not create it."""
        return self.dialect != "sqlite" or Path(self.url.database or "").is_file()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open one consistent view; raises `UnavailableError`."""
        with self._transaction(self._open(), "BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the only write transaction; committed at the end, else nothing is written.

        Raises `UnavailableError`, and `ConflictError` when a guard of the database refuses.
        """
        with self._transaction(self._open(), "BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine, begin: str) -> Iterator[Connection]:
        with self._mapped(), self._connect(engine) as connection:
            connection.execution_options(countersign_begin=begin)
            with self._patiently(connection.begin):
                if self.dialect == "postgresql":
                    self._order_on_server(connection, begin)
                yield connection

    def _connect(self, engine: Engine) -> Connection:
        return self._patiently(engine.connect)

    def _open(self) -> Engine:
        with self._opening:
            # A forked process must not use its parent's connections.
            if self._engine is None or self._opened_by != os.getpid():
                self._engine, self._opened_by = self._opened(), os.getpid()
            return self._engine

    def _opened(self) -> Engine:
        engine = self._sqlite() if self.dialect == "sqlite" else self._server()
        with self._transaction(engine, "BEGIN") as connection:
            missing = _missing(connection, self._tables)
        if missing:
            # Checked again below: another process may have been faster.
            with self._transaction(engine, "BEGIN IMMEDIATE") as connection:
                self._create(connection)
        return engine

    def _create(self, connection: Connection) -> None:
        if _missing(connection, self._tables):
            self._tables.create_all(connection)
            for guard in self._guards.get(self.dialect, ()):
                connection.exec_driver_sql(guard)
            if self._upgrade:
                self._upgrade(connection)

    def _sqlite(self) -> Engine:
        # No pool: a connection costs less than a synchronised write, and needs no care at a fork.
        engine = sa.create_engine(
            self.url, poolclass=NullPool, connect_args={"timeout": self._wait_seconds}
        )
        sa.event.listen(engine, "connect", _connected)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _server(self) -> Engine:
        try:
            return sa.create_engine(self.url, pool_pre_ping=True)
        except ImportError as exc:
            message = f"the driver for '{self.url.drivername}' is not installed"
            raise InputError(message, hint="pip install psycopg2-binary") from exc

    def _order_on_server(self, connection: Connection, begin: str) -> None:
        if begin == "BEGIN IMMEDIATE":
            wait_ms = int(self._wait_seconds * 1000)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('countersign'))")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def _patiently(self, act: Callable[[], T]) -> T:
        """Try again while others hold the file; SQLite's own waiting leaves some cases out."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return act()
            except (DBAPIError, sqlite3.Error) as exc:
                if _code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        where = self.url.render_as_string(hide_password=True)
        try:
            yield
        except IntegrityError as exc:
            raise ConflictError(f"{where} refused a row: {exc.orig}") from exc
        except (DBAPIError, sqlite3.Error) as exc:
            cause = _CAUSES.get(_code(exc), str(getattr(exc, "orig", exc)))
            raise UnavailableError(f"{where} failed: {cause}") from exc


def _read_url(text: str) -> URL:
    hint = "write sqlite:///folder/name.db or postgresql+psycopg2://user@host/name"
    try:
        url = sa.make_url(text)
    except ArgumentError as exc:
        raise InputError(f"'{text}' is not the URL of a database", hint=hint) from exc
    if url.get_backend_name() not in _BACKENDS:
        raise InputError(f"databases of kind '{url.drivername}' are not supported", hint=hint)
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise InputError("a database in memory is lost with its process", hint=hint)
    return url


def _connected(connection: Any, _record: object) -> None:
    # SQLAlchemy begins, not the driver: only so does a writer take its lock at the start.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options()["countersign_begin"])


def _missing(connection: Connection, tables: sa.MetaData) -> bool:
    return not set(tables.tables) <= set(sa.inspect(connection).get_table_names())


def _code(exc: BaseException) -> int:
    """Return SQLite's primary result code, or 0 for other databases."""
    return int(getattr(getattr(exc, "orig", exc), "sqlite_errorcode", 0)) & 0xFF
