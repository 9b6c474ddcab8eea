"""What the pipeline needs from the world: small ABCs, and the frozen `Ports` record.

A port says what, an adapter under `resources/` says how; a fake is a plain class. Foreign errors
reach the pipeline only as `AdapterError`s. Every act takes what it expects to find and is
idempotent: repeated after a lost reply, it changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from release_assets.domain.evals.rows import EvalCase, ScoreRow
    from release_assets.domain.evals.tool_reports import ToolReport
    from release_assets.domain.finding import Finding
    from release_assets.domain.ledger.entries import Entry, Head
    from release_assets.domain.live.traffic import CallCounts, LiveBatch, ScoredPair
    from release_assets.domain.people.change import Change, Commit
    from release_assets.domain.release import Release, Unit
    from release_assets.domain.rollout.look_decision import LookDecision
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.verdict import Verdict


class Environment(StrEnum):
    """Where a unit runs."""

    STAGING = "staging"
    PRODUCTION = "production"


class Clock(ABC):
    """The only reader of the time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the aware UTC time."""


class GitHost(ABC):
    """Changes, reviews and merges, and the files at a commit."""

    @abstractmethod
    def changes(self) -> Sequence[Change]:
        """Return all changes, open and merged, by number."""

    @abstractmethod
    def change(self, number: int) -> Change:
        """Return one change; raises `NotFoundError`."""

    @abstractmethod
    def main(self) -> str:
        """Return the commit that main points at."""

    @abstractmethod
    def read_file(self, commit: str, path: str) -> bytes:
        """Read a file at a commit; raises `NotFoundError`."""

    @abstractmethod
    def read_folder(self, commit: str, under: str) -> Mapping[str, bytes]:
        """Read the files below a folder at a commit together; returns them by their path."""

    @abstractmethod
    def export(self, commit: str, into: Path) -> None:
        """Write the tree of a commit into a folder; does nothing when it is already there."""

    @abstractmethod
    def first_parent(self, commit: str) -> str:
        """Return the commit of main that a merge was made onto."""

    @abstractmethod
    def commits_between(self, base: str, head: str) -> Sequence[Commit]:
        """Return the commits of `base..head`, oldest first."""

    @abstractmethod
    def post_status(self, commit: str, context: str, verdict: Verdict) -> None:
        """Show a verdict on a commit; a status `pre-merge` that is not passed blocks the merge."""


class CodeHealth(ABC):
    """The feature's own lint, types and tests, in a scrubbed environment."""

    @abstractmethod
    def check(self, tree: Path, feature: str) -> Sequence[ToolReport]:
        """Run them all over an exported tree; one report per tool."""


class SecurityScanner(ABC):
    """Secrets and static analysis by existing tools, offline."""

    @abstractmethod
    def scan(self, tree: Path, feature: str) -> Sequence[ToolReport]:
        """Scan an exported tree; one report per tool."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A unit that runs: where, since when, and which process or workload it is."""

    release: str
    release_digest: str
    environment: Environment
    address: str
    workload: str


class Deployer(ABC):
    """Runs units, and reads back what runs."""

    @abstractmethod
    def deploy(self, release: Release, environment: Environment) -> Running:
        """Run this unit, or find it running; returns when it answers. Raises `UnavailableError`."""

    @abstractmethod
    def retire(self, release_digest: str, environment: Environment) -> None:
        """Stop the unit there, if it runs."""

    @abstractmethod
    def running(self, environment: Environment) -> Sequence[Running]:
        """Return what runs there now."""

    @abstractmethod
    def published_events(
        self, release_digest: str, environment: Environment
    ) -> list[dict[str, Any]]:
        """Return the events that the unit published there, oldest first."""

    @abstractmethod
    def read_back(self, address: str) -> Unit:
        """Return the unit that answers at an address, as it reports itself (`/release`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """Router truth: who gets which share. `revision` fences a compare-and-set."""

    stable_digest: str
    stable_address: str
    candidate_digest: str | None
    candidate_address: str | None
    candidate_pct: float
    revision: str = ""

    def document(self) -> dict[str, object]:
        """Return router truth as the ledger keeps it, without addresses."""
        return {
            "stable": self.stable_digest,
            "candidate": self.candidate_digest,
            "candidate_pct": self.candidate_pct,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Traffic:
        """Read back what `document` made; the addresses are not kept."""
        return cls(
            stable_digest=document["stable"],
            stable_address="",
            candidate_digest=document["candidate"],
            candidate_address=None,
            candidate_pct=float(document["candidate_pct"]),
        )


class TrafficRouter(ABC):
    """Exact traffic shares between the stable release and one candidate."""

    @abstractmethod
    def front(self) -> str:
        """Return the address that users call."""

    @abstractmethod
    def read(self) -> Traffic:
        """Return the shares as the router itself has them."""

    @abstractmethod
    def shift(self, expected: Traffic, to: Traffic) -> Traffic:
        """Compare and set; raises `ConflictError` when `expected` no longer holds."""

    @abstractmethod
    def brake(self, release_digest: str) -> Traffic:
        """Give this candidate no traffic, at once; does nothing when it already has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptPointers:
    """Which prompt set an environment serves as stable, and which as candidate."""

    stable: str
    candidate: str | None

    def without_candidate(self) -> PromptPointers:
        """Return the pointers as they are when no candidate is served."""
        return PromptPointers(stable=self.stable, candidate=None)

    def document(self) -> dict[str, str | None]:
        """Return the pointers as the ledger keeps them."""
        return {"stable": self.stable, "candidate": self.candidate}


class PromptRegistry(ABC):
    """Content-addressed prompts, and the pointers that move with the rollout."""

    @abstractmethod
    def publish(self, prompts: Mapping[str, bytes]) -> str:
        """Store a set of prompts by content; returns the digest of the set."""

    @abstractmethod
    def read(self, prompt_set: str) -> Mapping[str, bytes]:
        """Return the prompts of a set, verified against their digests; raises `NotFoundError`."""

    @abstractmethod
    def pointers(self, environment: Environment) -> PromptPointers:
        """Return the environment's pointers; raises `NotFoundError` before the first move."""

    @abstractmethod
    def move(
        self, environment: Environment, expected: PromptPointers | None, to: PromptPointers
    ) -> None:
        """Compare and set; raises `ConflictError`. Moving to where they are does nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A running unit to ask, and what its answers are rated with.

    `scorers` is name to version; `handbook` the files of the approved edition, never the unit's.
    """

    address: str
    scorers: Mapping[str, str]
    handbook: Mapping[str, bytes]


class EvalEngine(ABC):
    """Asks a running unit the cases of a suite and rates the answers; rows are ours."""

    @abstractmethod
    def run(self, cases: Sequence[EvalCase], target: Target, repeats: int) -> Sequence[ScoreRow]:
        """Return one row per case, repeat and scorer; errors are rows, never exceptions."""

    @abstractmethod
    def name_and_version(self) -> str:
        """Return the engine's name and version, a part of the comparability key."""


class LiveMetrics(ABC):
    """Counts and scored pairs of live traffic."""

    @abstractmethod
    def counts(
        self, release_digest: str, since: datetime, until: datetime, over_ms: Sequence[float]
    ) -> CallCounts:
        """Count calls with `since <= at < until`, also those over each latency of `over_ms`.

        Ratings count when matured.
        """

    @abstractmethod
    def last_call_at(self, release_digest: str) -> datetime | None:
        """Return when the release last answered a live call."""

    @abstractmethod
    def pairs(
        self, candidate_digest: str, since: datetime, until: datetime
    ) -> Sequence[ScoredPair]:
        """Return the paired replays of sampled calls scored in that time."""


class ChangeTickets(ABC):
    """The change ticket of a release, readable by a person."""

    @abstractmethod
    def comment(self, release: str, headline: str, text: str, dedup: str) -> None:
        """Add a comment once; the same `dedup` again changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A message to people. `channel` is `slack:#name`, `slack:@person` or `pager:name`."""

    channel: str
    headline: str
    text: str
    release: str | None
    dedup: str
    at: datetime


class Notifier(ABC):
    """Delivers notices at least once; a message read twice is better than one not read."""

    @abstractmethod
    def deliver(self, notice: Notice) -> None:
        """Deliver; raises `UnavailableError` to be tried again."""


class EvidenceStore(ABC):
    """Evidence tables by the digest of their content."""

    @abstractmethod
    def put(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Store rows as Parquet; returns the digest."""

    @abstractmethod
    def get(self, digest: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows, verified against the digest; raises `NotFoundError`."""


class Ledger(ABC):
    """The append-only log of decisions; insert-only, RFC 6962."""

    @abstractmethod
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

    @abstractmethod
    def entries(
        self,
        *,
        release: str | None = None,
        release_digest: str | None = None,
        kinds: Sequence[str] = (),
        after: int = 0,
    ) -> Sequence[Entry]:
        """Return entries in order, each verified against its leaf hash."""

    @abstractmethod
    def head(self) -> Head:
        """Return the size and the root of the tree."""


class ReleaseStore(ABC):
    """Working state: rollouts, looks, outbox. Never the truth of a decision."""

    @abstractmethod
    def rollout(self, release: str) -> Rollout | None:
        """Return the rollout of a release."""

    @abstractmethod
    def active_rollouts(self) -> Sequence[Rollout]:
        """Return the rollouts that are not over."""

    @abstractmethod
    def save_rollout(self, rollout: Rollout) -> None:
        """Insert, or replace version n by n + 1; raises `ConflictError` on any other version."""

    @abstractmethod
    def looks(self, release: str) -> Sequence[LiveBatch]:
        """Return all looks of a rollout, by id."""

    @abstractmethod
    def newest_looks(self, release: str) -> Iterator[LiveBatch]:
        """Yield the looks of a rollout, newest first, reading as far back as they are asked for."""

    @abstractmethod
    def add_look(
        self, release: str, batch: LiveBatch, state: Mapping[str, Any], decision: LookDecision
    ) -> None:
        """Insert a look with what it decided, and keep the live state after the newest one.

        The same id again changes nothing.
        """

    @abstractmethod
    def live_state(self, release: str) -> Mapping[str, Any] | None:
        """Return the live state after the newest look; None where it must be replayed."""

    @abstractmethod
    def decision(self, release: str) -> LookDecision | None:
        """Return what the newest look decided; None without one, or where it was not stored."""

    @abstractmethod
    def enqueue(self, notice: Notice) -> None:
        """Put a notice into the outbox; the same `dedup` again changes nothing."""

    @abstractmethod
    def undelivered(self) -> Sequence[Notice]:
        """Return the notices still to deliver, oldest first."""

    @abstractmethod
    def mark_delivered(self, dedup: str) -> None:
        """Take a notice out of the outbox."""


class EvidenceShape(ABC):
    """Validates the shape of an evidence table before anybody judges it."""

    @abstractmethod
    def findings(
        self, rows: Sequence[Mapping[str, Any]], *, cases: int, repeats: int, scorers: Sequence[str]
    ) -> tuple[Finding, ...]:
        """Judge a table; badly formed is inconclusive, with failed expectations as findings."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The world, one adapter per port; types the composition root."""

    clock: Clock
    git_host: GitHost
    code_checker: CodeHealth
    security_scanner: SecurityScanner
    deployer: Deployer
    traffic_router: TrafficRouter
    prompt_registry: PromptRegistry
    eval_engine: EvalEngine
    benchmark_engine: EvalEngine
    live_metrics: LiveMetrics
    change_tickets: ChangeTickets
    notifier: Notifier
    evidence_shape: EvidenceShape
    evidence_store: EvidenceStore
    ledger: Ledger
    release_store: ReleaseStore
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the world's file says beside its adapters: where policy and people are read from.

    `policy`, `people` and `models` are paths in the feature repository, read at main.
    """

    feature_root: Mapping[str, str] = field(default_factory=dict)
    policy: str = "policy.yaml"
    people: str = "people.yaml"
    models: str = "models.yaml"
