"""The stores in memory: plain classes, no files, the same promises."""

from collections.abc import Sequence

from release_assets.domain.errors import ConflictError, NotFoundError
from release_assets.domain.ledger.entries import Head, next_row
from release_assets.domain.ledger.verification import verify
from release_assets.domain.release import digest_of_document
from release_assets.ports import EvidenceStore, Ledger, ReleaseStore


class MemoryLedger(Ledger):
    """A ledger in a list."""

    def __init__(self):
        self.rows = []

    def append(self, kind, body, *, at, release=None, release_digest=None):
        last = self.rows[-1] if self.rows else None
        row = next_row(last, kind, body, at=at, release=release, release_digest=release_digest)
        self.rows.append(row)
        return row.entry()

    def entries(self, *, release=None, release_digest=None, kinds: Sequence[str] = (), after=0):
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

    def __init__(self):
        self._rollouts, self._looks, self._outbox = {}, {}, {}
        self._delivered = set()

    def rollout(self, release):
        return self._rollouts.get(release)

    def active_rollouts(self):
        return tuple(r for _, r in sorted(self._rollouts.items()) if not r.is_over)

    def save_rollout(self, rollout):
        stored = self._rollouts.get(rollout.release)
        known = stored.version if stored else 0
        if stored != rollout and rollout.version != known + 1:
            raise ConflictError(f"version {rollout.version} does not follow {known}")
        self._rollouts[rollout.release] = rollout

    def looks(self, release):
        found = self._looks.get(release, {})
        return tuple(found[number][0] for number in sorted(found))

    def add_look(self, release, batch, state, decision):
        looks = self._looks.setdefault(release, {})
        looks.setdefault(batch.id, (batch, dict(state), decision))

    def newest_looks(self, release):
        return reversed(self.looks(release))

    def live_state(self, release):
        found = self._looks.get(release, {})
        return found[max(found)][1] if found else None

    def decision(self, release):
        found = self._looks.get(release, {})
        return found[max(found)][2] if found else None

    def enqueue(self, notice):
        self._outbox.setdefault(notice.dedup, notice)

    def undelivered(self):
        return tuple(n for d, n in self._outbox.items() if d not in self._delivered)

    def mark_delivered(self, dedup):
        self._delivered.add(dedup)


class MemoryEvidenceStore(EvidenceStore):
    """Evidence in a dictionary."""

    def __init__(self):
        self._tables = {}

    def put(self, rows):
        names = {name for row in rows for name in row}
        table = tuple({name: row.get(name) for name in names} for row in rows)
        digest = digest_of_document(table)
        self._tables[digest] = table
        return digest

    def get(self, digest):
        if digest not in self._tables:
            raise NotFoundError(f"there is no evidence {digest}")
        return self._tables[digest]
