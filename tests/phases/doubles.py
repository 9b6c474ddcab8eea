"""The parts of the world that a phase test sets: small classes, honest unless a test asks else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError
from release_assets.domain.evals.rows import RowStatus, ScoreRow
from release_assets.domain.evals.tool_reports import ToolReport
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.traffic import CallCounts, ScoredPair
from release_assets.ports import (
    Clock,
    CodeHealth,
    Environment,
    EvalEngine,
    EvidenceShape,
    LiveMetrics,
    SecurityScanner,
)
from tests.ports.fake_deployer import FakeDeployer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from release_assets.domain.evals.rows import EvalCase
    from release_assets.domain.release import Unit
    from release_assets.ports import Target
    from tests.ports.fake_traffic_router import FakeTrafficRouter

FRONT = "http://front.invalid"
LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")


@dataclass
class SetClock(Clock):
    """The time that a test sets."""

    at: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        """Let some time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class MarkedFiles:
    """Reports every Python file of the tree that holds the mark."""

    tool: str
    mark: bytes
    rule: str
    crashed: str | None = None

    def reports(self, tree: Path) -> list[ToolReport]:
        files = [f for f in sorted(tree.rglob("*.py")) if self.mark in f.read_bytes()]
        found = ({"rule": self.rule, "message": "", "file": f.name, "line": 1} for f in files)
        return [
            ToolReport(
                tool=self.tool, version="1", results=tuple(found), seconds=0.1, crashed=self.crashed
            )
        ]


class MarkedLint(MarkedFiles, CodeHealth):
    """Finds fault with files that hold `# wrong`."""

    def __init__(self) -> None:
        super().__init__("lint", b"# wrong", "E501")

    def check(self, tree: Path, feature: str) -> list[ToolReport]:
        return self.reports(tree)


class MarkedSecrets(MarkedFiles, SecurityScanner):
    """Finds a secret in files that hold `# secret`."""

    def __init__(self) -> None:
        super().__init__("secrets", b"# secret", "aws-key")

    def scan(self, tree: Path, feature: str) -> list[ToolReport]:
        return self.reports(tree)


class WorldDeployer(FakeDeployer):
    """Units in memory, that answer at their address and, by the router, at the front door.

    `reports` maps a release digest to the unit that answers in its place; `spoils` changes the
    events that a unit publishes.
    """

    def __init__(self, router: FakeTrafficRouter) -> None:
        super().__init__()
        self.router = router
        self.reports: dict[str, Unit] = {}
        self.spoils: dict[str, Any] = {}

    def digest_at(self, address: str) -> str | None:
        found = [r.release_digest for r, _ in self._units.values() if r.address == address]
        return found[0] if found else None

    def read_back(self, address: str) -> Unit:
        digest = self.router.traffic.stable_digest if address == FRONT else self.digest_at(address)
        units = {r.release_digest: unit for r, unit in self._units.values()}
        if digest is None or digest not in units:
            raise UnavailableError(f"nothing answers at {address}")
        return self.reports.get(digest, units[digest])

    def published_events(
        self, release_digest: str, environment: Environment
    ) -> list[dict[str, Any]]:
        return [event_of(release_digest) | self.spoils]

    def runs(self, digest: str, environment: Environment = Environment.PRODUCTION) -> bool:
        """Whether a unit runs there."""
        return digest in {r.release_digest for r in self.running(environment)}


def event_of(release_digest: str) -> dict[str, Any]:
    """An event as the contract wants it."""
    return {
        "event": "answer_given",
        "at": "2026-06-01T12:00:00+00:00",
        "call": "c-1",
        "release_digest": release_digest,
        "session": "s-1",
        "locale": "en-US",
        "question": "How many days?",
        "answer": "28 days",
        "behaviour": "answer",
        "latency_ms": 12.5,
        "error": False,
        "cost_usd": 0.001,
    }


@dataclass
class Fault:
    """What is wrong with a unit: the cases that it loses, and how slow and dear it is."""

    loses: Callable[[EvalCase], bool] | None = None
    fails: Callable[[EvalCase], bool] | None = None
    latency_ms: float = 20.0
    cost_usd: float = 0.001


class ScriptedEngine(EvalEngine):
    """Every case is answered rightly, except for what is wrong with a unit; `asked` counts runs."""

    def __init__(self, deployer: WorldDeployer) -> None:
        self.deployer = deployer
        self.faults: dict[str | None, Fault] = {}
        self.asked: list[tuple[str | None, int, int]] = []

    def name_and_version(self) -> str:
        return "scripted@1"

    def run(self, cases: Sequence[EvalCase], target: Target, repeats: int) -> list[ScoreRow]:
        digest = self.deployer.digest_at(target.address)
        self.asked.append((digest, len(cases), repeats))
        fault = self.faults.get(digest, Fault())
        return [
            _row(case, repeat, scorer, version, fault)
            for case in cases
            for repeat in range(repeats)
            for scorer, version in sorted(target.scorers.items())
        ]


def _row(case: EvalCase, repeat: int, scorer: str, version: str, fault: Fault) -> ScoreRow:
    row = ScoreRow(
        case=case.id,
        family=case.family,
        repeat=repeat,
        scorer=scorer,
        scorer_version=version,
        status=RowStatus.OK,
        score=1.0,
        slices=case.slices,
        critical=case.critical,
        latency_ms=fault.latency_ms,
        cost_usd=fault.cost_usd,
    )
    if fault.fails and fault.fails(case):
        return replace(row, status=RowStatus.ERROR, score=None, latency_ms=None, cost_usd=None)
    if fault.loses and fault.loses(case):
        return replace(row, status=RowStatus.WRONG, score=0.0)
    return row


@dataclass
class GivenShape(EvidenceShape):
    """Finds a table well formed, or gives the finding that a test wants."""

    broken: str = ""

    def findings(
        self, rows: Sequence[Mapping[str, Any]], *, cases: int, repeats: int, scorers: Sequence[str]
    ) -> tuple[Finding, ...]:
        outcome = Outcome.INCONCLUSIVE if self.broken else Outcome.PASSED
        because = self.broken or f"{len(rows)} rows"
        return (Finding(rule="evidence_is_well_formed", outcome=outcome, because=because),)


@dataclass
class SteadyTraffic(LiveMetrics):
    """The same calls and pairs at every look; a test sets how well the candidate answers."""

    calls: int = 4000
    pairs_a_look: int = 1000
    candidate_score: float = 0.9
    stable_score: float = 0.9
    errors: int = 0
    last_call: datetime | None = None
    looked: list[datetime] = field(default_factory=list)

    def counts(
        self, release_digest: str, since: datetime, until: datetime, over_ms: Sequence[float]
    ) -> CallCounts:
        if until <= since:
            return CallCounts()
        return CallCounts(
            requests=self.calls,
            errors=self.errors,
            feedback=self.calls // 4,
            over_ms=dict.fromkeys(over_ms, 0),
            costs_usd=(0.001,) * self.calls,
        )

    def last_call_at(self, release_digest: str) -> datetime | None:
        return self.last_call

    def pairs(
        self, candidate_digest: str, since: datetime, until: datetime
    ) -> tuple[ScoredPair, ...]:
        if until <= since:
            return ()
        self.looked.append(until)
        look = len(self.looked)
        return tuple(self._pair(f"s-{look}-{n}", n, until) for n in range(self.pairs_a_look))

    def _pair(self, unit: str, n: int, at: datetime) -> ScoredPair:
        return ScoredPair(
            unit=unit,
            at=at - timedelta(milliseconds=1),
            scorer="groundedness",
            scorer_version="1",
            candidate=self.candidate_score,
            stable=self.stable_score,
            slices={"locale": LOCALES[n % len(LOCALES)]},
        )
