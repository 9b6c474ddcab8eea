"""The stores in memory: plain classes, no files, the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import ConflictError, NotFoundError
from release_assets.domain.ledger.entries import Head, next_row
from release_assets.domain.ledger.verification import verify
from release_assets.domain.release import digest_of_document
from release_assets.ports import EvidenceStore, Ledger, ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry, Row
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.look_decision import LookDecision
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.ports import Notice

    Look = tuple[LiveBatch, Mapping[str, Any], LookDecision]


class MemoryLedger(Ledger):
    """A ledger in a list."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def append(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        at: datetime,
        release: str | None = None,
        release_digest: str | None = None,
    ) -> Entry:
        last = self.rows[-1] if self.rows else None
        row = next_row(last, kind, body, at=at, release=release, release_digest=release_digest)
        self.rows.append(row)
        return row.entry()

    def entries(
        self,
        *,
        release: str | None = None,
        release_digest: str | None = None,
        kinds: Sequence[str] = (),
        after: int = 0,
    ) -> tuple[Entry, ...]:
        return tuple(
            row.entry()
            for row in self.rows[after:]
            if release in {None, row.release}
            and release_digest in {None, row.release_digest}
            and (not kinds or row.kind in kinds)
        )

    def head(self) -> Head:
        return verify(self.rows)


class MemoryReleaseStore(ReleaseStore):
    """Working state in dictionaries."""

    def __init__(self) -> None:
        self._rollouts: dict[str, Rollout] = {}
        self._looks: dict[str, dict[int, Look]] = {}
        self._outbox: dict[str, Notice] = {}
        self._delivered: set[str] = set()

    def rollout(self, release: str) -> Rollout | None:
        return self._rollouts.get(release)

    def active_rollouts(self) -> tuple[Rollout, ...]:
        return tuple(r for _, r in sorted(self._rollouts.items()) if not r.is_over)

    def save_rollout(self, rollout: Rollout) -> None:
        stored = self._rollouts.get(rollout.release)
        known = stored.version if stored else 0
        if stored != rollout and rollout.version != known + 1:
            raise ConflictError(f"version {rollout.version} does not follow {known}")
        self._rollouts[rollout.release] = rollout

    def looks(self, release: str) -> tuple[LiveBatch, ...]:
        found = self._looks.get(release, {})
        return tuple(found[number][0] for number in sorted(found))

    def add_look(
        self, release: str, batch: LiveBatch, state: Mapping[str, Any], decision: LookDecision
    ) -> None:
        looks = self._looks.setdefault(release, {})
        looks.setdefault(batch.id, (batch, dict(state), decision))

    def newest_looks(self, release: str) -> Iterator[LiveBatch]:
        return reversed(self.looks(release))

    def live_state(self, release: str) -> Mapping[str, Any] | None:
        found = self._looks.get(release, {})
        return found[max(found)][1] if found else None

    def decision(self, release: str) -> LookDecision | None:
        found = self._looks.get(release, {})
        return found[max(found)][2] if found else None

    def enqueue(self, notice: Notice) -> None:
        self._outbox.setdefault(notice.dedup, notice)

    def undelivered(self) -> tuple[Notice, ...]:
        return tuple(n for d, n in self._outbox.items() if d not in self._delivered)

    def mark_delivered(self, dedup: str) -> None:
        self._delivered.add(dedup)


class MemoryEvidenceStore(EvidenceStore):
    """Evidence in a dictionary."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[dict[str, Any], ...]] = {}

    def put(self, rows: Sequence[Mapping[str, Any]]) -> str:
        names = {name for row in rows for name in row}
        table = tuple({name: row.get(name) for name in names} for row in rows)
        digest = digest_of_document(table)
        self._tables[digest] = table
        return digest

    def get(self, digest: str) -> tuple[dict[str, Any], ...]:
        if digest not in self._tables:
            raise NotFoundError(f"there is no evidence {digest}")
        return self._tables[digest]
