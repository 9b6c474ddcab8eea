"""The pipeline's working state in a database: rollouts, looks, the outbox.

Satisfies `ReleaseStore`. Never the truth of a decision: that is the ledger. A rollout is replaced
by its next version only, so of two controllers one is refused; looks and notices are kept once, so
that repeating an act after a lost reply changes nothing (law 9). Of the live state only the newest
is kept, one row a rollout: every earlier one can be replayed from the looks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from release_assets.domain.errors import AdapterError, ConflictError
from release_assets.domain.live.traffic import LiveBatch
from release_assets.domain.rollout.look_decision import LookDecision
from release_assets.domain.rollout.machine import Rollout
from release_assets.ports import Notice, ReleaseStore
from resources.codec import JsonCodec
from resources.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

_TABLES = sa.MetaData()
_ROLLOUTS = sa.Table(
    "rollouts",
    _TABLES,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("is_over", sa.Boolean, nullable=False, index=True),
    sa.Column("record", sa.Text, nullable=False),
)
_LOOKS = sa.Table(
    "looks",
    _TABLES,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("decision", sa.Text),  # null in looks of older versions
)
_LIVE_STATES = sa.Table(
    "live_states",
    _TABLES,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("look", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)
_OUTBOX = sa.Table(
    "outbox",
    _TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("dedup", sa.Text, nullable=False, unique=True),
    sa.Column("delivered", sa.Boolean, nullable=False, index=True),
    sa.Column("record", sa.Text, nullable=False),
)

_PAGE = 20  # looks that are read at once when going back in time, after the newest
_ROLLOUT, _LOOK, _NOTICE = JsonCodec(Rollout), JsonCodec(LiveBatch), JsonCodec(Notice)
_DECISION = JsonCodec(LookDecision)


class SqlReleaseStore(ReleaseStore):
    """The release store at a database URL; pickled by its URL, safe between processes."""

    def __init__(self, url: str, *, wait_seconds: float = 30.0) -> None:
        self.url = url
        self._wait_seconds = wait_seconds
        self._database = Database(url, _TABLES, upgrade=_upgrade_looks, wait_seconds=wait_seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.url, self._wait_seconds)

    def rollout(self, release: str) -> Rollout | None:
        """Return the rollout of a release."""
        with self._database.reading() as connection:
            return _rollout(connection, release)

    def active_rollouts(self) -> Sequence[Rollout]:
        """Return the rollouts that are not over, by release."""
        active = sa.select(_ROLLOUTS.c.record).where(~_ROLLOUTS.c.is_over)
        with self._database.reading() as connection:
            records = connection.scalars(active.order_by(_ROLLOUTS.c.release)).all()
        return tuple(_ROLLOUT.read(record) for record in records)

    def save_rollout(self, rollout: Rollout) -> None:
        """Insert, or replace version n by n + 1; raises `ConflictError` on any other version."""
        values = {"is_over": rollout.is_over, "record": _ROLLOUT.write(rollout)}
        of_this = _ROLLOUTS.c.release == rollout.release
        with self._database.writing() as connection:
            stored = _rollout(connection, rollout.release)
            if stored == rollout:
                return
            _require_next(stored, rollout)
            if stored is None:
                connection.execute(_ROLLOUTS.insert(), {"release": rollout.release, **values})
            else:
                connection.execute(_ROLLOUTS.update().where(of_this), values)

    def looks(self, release: str) -> Sequence[LiveBatch]:
        """Return all looks of a rollout, by id."""
        of_this = sa.select(_LOOKS.c.record).where(_LOOKS.c.release == release)
        with self._database.reading() as connection:
            records = connection.scalars(of_this.order_by(_LOOKS.c.id)).all()
        return tuple(_LOOK.read(record) for record in records)

    def newest_looks(self, release: str) -> Iterator[LiveBatch]:
        """Yield the looks of a rollout, newest first, reading as far back as they are asked for."""
        backwards = sa.select(_LOOKS.c.id, _LOOKS.c.record).where(_LOOKS.c.release == release)
        backwards = backwards.order_by(_LOOKS.c.id.desc())
        page = backwards.limit(1)
        while rows := self._rows(page):
            yield from (_LOOK.read(row.record) for row in rows)
            page = backwards.where(_LOOKS.c.id < rows[-1].id).limit(_PAGE)

    def live_state(self, release: str) -> Mapping[str, Any] | None:
        """Return the live state after the newest look; None where it must be replayed."""
        of_this = sa.select(_LIVE_STATES.c.state).where(_LIVE_STATES.c.release == release)
        with self._database.reading() as connection:
            state = connection.scalar(of_this)
        return None if state is None else json.loads(state)

    def decision(self, release: str) -> LookDecision | None:
        """Return what the newest look decided; None where none is stored that can be read."""
        of_this = sa.select(_LOOKS.c.decision).where(_LOOKS.c.release == release)
        with self._database.reading() as connection:
            decision = connection.scalar(of_this.order_by(_LOOKS.c.id.desc()).limit(1))
        try:
            return None if decision is None else _DECISION.read(decision)
        except AdapterError:  # of another version: the next look decides anew
            return None

    def add_look(
        self, release: str, batch: LiveBatch, state: Mapping[str, Any], decision: LookDecision
    ) -> None:
        """Insert a look with what it decided, and keep the live state after the newest one.

        The same id again changes nothing.
        """
        key = {"release": release, "id": batch.id}
        values = {"record": _LOOK.write(batch), "decision": _DECISION.write(decision)}
        with self._database.writing() as connection:
            if _insert_once(connection, _LOOKS, key, values):
                _keep_newest(connection, release, look=batch.id, state=json.dumps(state))

    def _rows(self, query: sa.Select[tuple[int, str]]) -> Sequence[sa.Row[tuple[int, str]]]:
        with self._database.reading() as connection:
            return connection.execute(query).all()

    def enqueue(self, notice: Notice) -> None:
        """Put a notice into the outbox; the same `dedup` again changes nothing."""
        values = {"delivered": False, "record": _NOTICE.write(notice)}
        with self._database.writing() as connection:
            _insert_once(connection, _OUTBOX, {"dedup": notice.dedup}, values)

    def undelivered(self) -> Sequence[Notice]:
        """Return the notices still to deliver, oldest first."""
        waiting = sa.select(_OUTBOX.c.record).where(~_OUTBOX.c.delivered)
        with self._database.reading() as connection:
            records = connection.scalars(waiting.order_by(_OUTBOX.c.number)).all()
        return tuple(_NOTICE.read(record) for record in records)

    def mark_delivered(self, dedup: str) -> None:
        """Take a notice out of the outbox; its `dedup` stays known."""
        this = _OUTBOX.update().where(_OUTBOX.c.dedup == dedup)
        with self._database.writing() as connection:
            connection.execute(this.values(delivered=True))


def _reopened(url: str, wait_seconds: float) -> SqlReleaseStore:
    return SqlReleaseStore(url, wait_seconds=wait_seconds)


def _rollout(connection: Connection, release: str) -> Rollout | None:
    query = sa.select(_ROLLOUTS.c.record).where(_ROLLOUTS.c.release == release)
    record = connection.scalar(query)
    return None if record is None else _ROLLOUT.read(record)


def _require_next(stored: Rollout | None, rollout: Rollout) -> None:
    known = stored.version if stored else 0
    if rollout.version != known + 1:
        raise ConflictError(
            f"the rollout of {rollout.release} is at version {known}, so version {rollout.version} "
            "was not written; read it again"
        )


def _keep_newest(connection: Connection, release: str, *, look: int, state: str) -> None:
    """Replace the live state of a rollout, unless a later look has stored its own."""
    of_this = _LIVE_STATES.c.release == release
    known = connection.scalar(sa.select(_LIVE_STATES.c.look).where(of_this))
    if known is None:
        row = {"release": release, "look": look, "state": state}
        connection.execute(_LIVE_STATES.insert(), row)
    elif known < look:
        connection.execute(_LIVE_STATES.update().where(of_this), {"look": look, "state": state})


def _insert_once(
    connection: Connection, table: sa.Table, key: dict[str, Any], values: dict[str, Any]
) -> bool:
    """Insert unless the key is there; a write transaction is alone, so this cannot race."""
    same = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if connection.scalar(sa.select(sa.literal(1)).select_from(table).where(same)):
        return False
    connection.execute(table.insert(), key | values)
    return True


def _upgrade_looks(connection: Connection) -> None:
    """Bring the looks of older versions up to date: each held the live state after it.

    The states are not taken over: the first look replays what the rollout saw, which is kept.
    """
    columns = {column["name"] for column in sa.inspect(connection).get_columns("looks")}
    if "evidence" in columns:
        connection.exec_driver_sql("ALTER TABLE looks DROP COLUMN evidence")
        connection.exec_driver_sql("ALTER TABLE looks ADD COLUMN decision TEXT")
