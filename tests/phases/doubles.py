"""The parts of the world that a phase test sets: small classes, honest unless a test asks else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

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

FRONT = "http://front.invalid"
LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")


@dataclass
class SetClock(Clock):
    """The time that a test sets."""

    at: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def now(self):
        return self.at

    def wait(self, seconds):
        """Let some time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class MarkedFiles:
    """Reports every Python file of the tree that holds the mark."""

    tool: str
    mark: bytes
    rule: str
    crashed: str | None = None

    def reports(self, tree):
        files = [f for f in sorted(tree.rglob("*.py")) if self.mark in f.read_bytes()]
        found = ({"rule": self.rule, "message": "", "file": f.name, "line": 1} for f in files)
        return [
            ToolReport(
                tool=self.tool, version="1", results=tuple(found), seconds=0.1, crashed=self.crashed
            )
        ]


class MarkedLint(MarkedFiles, CodeHealth):
    """Finds fault with files that hold `# wrong`."""

    def __init__(self):
        super().__init__("lint", b"# wrong", "E501")

    def check(self, tree, feature):
        return self.reports(tree)


class MarkedSecrets(MarkedFiles, SecurityScanner):
    """Finds a secret in files that hold `# secret`."""

    def __init__(self):
        super().__init__("secrets", b"# secret", "aws-key")

    def scan(self, tree, feature):
        return self.reports(tree)


class WorldDeployer(FakeDeployer):
    """Units in memory, that answer at their address and, by the router, at the front door.

    `reports` maps a release digest to the unit that answers in its place; `spoils` changes the
    events that a unit publishes.
    """

    def __init__(self, router):
        super().__init__()
        self.router, self.reports, self.spoils = router, {}, {}

    def digest_at(self, address):
        found = [r.release_digest for r, _ in self._units.values() if r.address == address]
        return found[0] if found else None

    def read_back(self, address):
        digest = self.router.traffic.stable_digest if address == FRONT else self.digest_at(address)
        units = {r.release_digest: unit for r, unit in self._units.values()}
        if digest not in units:
            raise UnavailableError(f"nothing answers at {address}")
        return self.reports.get(digest, units[digest])

    def published_events(self, release_digest, environment):
        return [event_of(release_digest) | self.spoils]

    def runs(self, digest, environment=Environment.PRODUCTION):
        """Whether a unit runs there."""
        return digest in {r.release_digest for r in self.running(environment)}


def event_of(release_digest):
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

    loses: object = None
    fails: object = None
    latency_ms: float = 20.0
    cost_usd: float = 0.001


class ScriptedEngine(EvalEngine):
    """Every case is answered rightly, except for what is wrong with a unit; `asked` counts runs."""

    def __init__(self, deployer):
        self.deployer, self.faults, self.asked = deployer, {}, []

    def name_and_version(self):
        return "scripted@1"

    def run(self, cases, target, repeats):
        digest = self.deployer.digest_at(target.address)
        self.asked.append((digest, len(cases), repeats))
        fault = self.faults.get(digest, Fault())
        return [
            _row(case, repeat, scorer, version, fault)
            for case in cases
            for repeat in range(repeats)
            for scorer, version in sorted(target.scorers.items())
        ]


def _row(case, repeat, scorer, version, fault):
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

    def findings(self, rows, *, cases, repeats, scorers):
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
    looked: list = field(default_factory=list)

    def counts(self, release_digest, since, until, over_ms):
        if until <= since:
            return CallCounts()
        return CallCounts(
            requests=self.calls,
            errors=self.errors,
            feedback=self.calls // 4,
            over_ms=dict.fromkeys(over_ms, 0),
            costs_usd=(0.001,) * self.calls,
        )

    def last_call_at(self, release_digest):
        return self.last_call

    def pairs(self, candidate_digest, since, until):
        if until <= since:
            return ()
        self.looked.append(until)
        look = len(self.looked)
        return tuple(self._pair(f"s-{look}-{n}", n, until) for n in range(self.pairs_a_look))

    def _pair(self, unit, n, at):
        return ScoredPair(
            unit=unit,
            at=at - timedelta(milliseconds=1),
            scorer="groundedness",
            scorer_version="1",
            candidate=self.candidate_score,
            stable=self.stable_score,
            slices={"locale": LOCALES[n % len(LOCALES)]},
        )
