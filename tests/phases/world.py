"""A composed world for phases and sensors: real git, ledger and stores; plain classes elsewhere.

A world lives in one folder and can be copied whole, so that what comes before a phase is done once
for all tests of it. No process, no socket, no clock: jobs run here, over the definitions proper.
"""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import dagster as dg

from release_assets.cli.sign_off import signer_at
from release_assets.composition import compose
from release_assets.definitions import build_definitions
from release_assets.demo import world as local_world
from release_assets.demo.world import FEATURE, WorldFolder, build
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.people.roster import Role
from release_assets.domain.release import ReleaseKey
from release_assets.domain.sign_off.statement import SignOffDecision
from release_assets.partitions import RELEASES, STAGES, canary_stage_key
from release_assets.ports import Environment, Ports, PromptPointers, Settings
from release_assets.sign_off.submission import SignOffAnswer, submit
from resources.evidence_store import FileEvidenceStore
from resources.ledger_store import SqlLedger
from resources.local.git.host import LocalGitHost
from resources.local.prompt_registry import DirectoryPromptRegistry
from resources.release_store import SqlReleaseStore
from tests.phases.doubles import (
    GivenShape,
    MarkedLint,
    MarkedSecrets,
    ScriptedEngine,
    SetClock,
    SteadyTraffic,
    WorldDeployer,
)
from tests.ports.fake_notes import MemoryNotifier, MemoryTickets
from tests.ports.fake_traffic_router import FakeTrafficRouter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from dagster_shared.error import SerializableErrorInfo

    from release_assets.composition import Composition
    from release_assets.domain.people.change import Change, Merge
    from release_assets.domain.release import Release
    from release_assets.domain.verdict import Verdict
    from release_assets.ports import Ledger, ReleaseStore
    from release_assets.records.book import Book

RELEASE = f"{FEATURE}-101"
ROOT = f"features/{FEATURE}"
ANSWER = f"{ROOT}/prompts/answer.yaml"
STAGE_KEYS = ("1-at-1pct", "2-at-10pct", "3-at-50pct", "4-at-100pct")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_HERE: list[World] = []  # the world that the definitions of this process are about


@cache
def definitions() -> dg.Definitions:
    """The definitions proper, over the world of the test that runs."""
    return build_definitions(lambda: _HERE[-1].composition)


@cache
def _job(name: str) -> dg.JobDefinition:
    return definitions().resolve_job_def(name)


def _with_one_scorer(path: Path) -> Path:
    """The examples, judged by one scorer: a third of the rows is enough for these tests."""
    shutil.copytree(local_world.EXAMPLES, path, dirs_exist_ok=True)
    manifest = path / FEATURE / ROOT / "feature.yaml"
    three = 'scorers: {groundedness: "1", correctness: "1", refusal: "1"}'
    text = manifest.read_text("utf-8")
    assert three in text
    manifest.write_text(text.replace(three, 'scorers: {groundedness: "1"}'), "utf-8")
    return path


@dataclass
class Ran:
    """What a run did: checks by name, steps, and what was materialised."""

    result: dg.ExecuteInProcessResult

    @property
    def is_success(self) -> bool:
        return self.result.success

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        found = self.result.get_asset_check_evaluations()
        return {e.check_name: e for e in found}

    @property
    def materialised(self) -> dict[str, dg.AssetMaterialization]:
        events = self.result.get_asset_materialization_events()
        return {e.materialization.asset_key.to_user_string(): e.materialization for e in events}

    @property
    def failures(self) -> str:
        """The messages of the failed steps, with the errors beneath."""
        events = (e for e in self.result.all_events if e.is_step_failure)
        return "\n".join(_message(e.step_failure_data.error) for e in events)


def _message(error: SerializableErrorInfo | None) -> str:
    if error is None:
        return "no error is recorded"
    return f"{error.message}\n{_message(error.cause)}" if error.cause else error.message


class World:
    """One world, and the ways to act on it."""

    def __init__(
        self,
        path: Path,
        *,
        clock: SetClock | None = None,
        router: FakeTrafficRouter | None = None,
        tickets: MemoryTickets | None = None,
    ) -> None:
        self.folder = WorldFolder(path)
        self.clock, self.tickets = clock or SetClock(), tickets or MemoryTickets()
        self.router = router or FakeTrafficRouter("sha256:none", "http://stable.invalid")
        self.deployer, self.notifier = WorldDeployer(self.router), MemoryNotifier()
        self.engine, self.shape = ScriptedEngine(self.deployer), GivenShape()
        self.metrics, self.lint, self.secrets = SteadyTraffic(), MarkedLint(), MarkedSecrets()
        self.instance: dg.DagsterInstance  # from `__enter__` on

    @classmethod
    def anew(cls, path: Path) -> Self:
        """The example feature as main, its unit adopted as the stable release."""
        world = cls(path)
        with patch.object(local_world, "EXAMPLES", _with_one_scorer(path.with_name("examples"))):
            build(world.folder, world.clock.now())
        world.adopt()
        return world

    def copy(self, path: Path) -> World:
        """The same world elsewhere; what happens there stays there."""
        shutil.copytree(self.folder.path, path, dirs_exist_ok=True)
        clock, router = copy.deepcopy(self.clock), copy.deepcopy(self.router)
        other = World(path, clock=clock, router=router, tickets=copy.deepcopy(self.tickets))
        other.deployer._units = dict(self.deployer._units)
        other.deployer._ports = dict(self.deployer._ports)
        return other

    def __enter__(self) -> Self:
        self.instance = dg.DagsterInstance.ephemeral()
        self.instance.add_dynamic_partitions(str(RELEASES.name), [RELEASE])
        self.instance.add_dynamic_partitions(str(STAGES.name), list(STAGE_KEYS))
        _HERE.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _HERE.remove(self)
        self.instance.dispose()

    @cached_property
    def host(self) -> LocalGitHost:
        return LocalGitHost(str(self.folder.path / "repository.git"))

    @cached_property
    def ports(self) -> Ports:
        path = self.folder.path
        return Ports(
            clock=self.clock,
            git_host=self.host,
            code_checker=self.lint,
            security_scanner=self.secrets,
            deployer=self.deployer,
            traffic_router=self.router,
            prompt_registry=DirectoryPromptRegistry(str(path / "prompts")),
            eval_engine=self.engine,
            benchmark_engine=self.engine,
            live_metrics=self.metrics,
            change_tickets=self.tickets,
            notifier=self.notifier,
            evidence_shape=self.shape,
            evidence_store=FileEvidenceStore(str(path / "evidence")),
            ledger=SqlLedger(f"sqlite:///{path}/ledger.sqlite"),
            release_store=SqlReleaseStore(f"sqlite:///{path}/releases.sqlite"),
            settings=Settings(feature_root={FEATURE: ROOT}),
        )

    @cached_property
    def composition(self) -> Composition:
        return compose(self.ports)

    @property
    def book(self) -> Book:
        return self.composition.book

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger

    @property
    def store(self) -> ReleaseStore:
        return self.ports.release_store

    @property
    def pointers(self) -> PromptPointers | None:
        return self.ports.prompt_registry.pointers(Environment.PRODUCTION)

    def release(self, key: str = RELEASE) -> Release:
        return self.book.repository.release(ReleaseKey.parse(key))

    def adopt(self) -> None:
        """What ran before us is the first stable release."""
        main = self.host.main()
        stable = self.book.repository.release(ReleaseKey(FEATURE, 0), main)
        files = self.book.repository.files(FEATURE, main)
        manifest = self.book.repository.manifest(FEATURE, main)
        registry = self.ports.prompt_registry
        registry.publish({n: files[p] for n, p in manifest.prompts.items()})
        first = PromptPointers(stable=stable.unit.prompts, candidate=None)
        registry.move(Environment.PRODUCTION, None, first)
        running = self.deployer.deploy(stable, Environment.PRODUCTION)
        self.router.traffic = FakeTrafficRouter(stable.digest, running.address).traffic
        body = {"unit": stable.unit.document(), "commit": main, "because": "it ran before us"}
        self.book.write(EntryKind.ADOPTION, body, stable)

    def read(self, path: str) -> bytes:
        """A file at main."""
        return self.host.read_file(self.host.main(), path)

    def open(
        self,
        files: Mapping[str, bytes | None] | None = None,
        *,
        number: int = 101,
        author: str = "dev",
    ) -> Change:
        """Open a change; the good one rewords a prompt's comment, and nothing else."""
        files = files or {ANSWER: b"# Reworded.\n" + self.read(ANSWER)}
        head = self.host.commit(
            self.host.main(),
            files,
            author=f"{author} <{author}@example.com>",
            message="A change",
            at=self.clock.now(),
        )
        return self.host.open_change(
            number, "A change", f"local:{author}", head, at=self.clock.now(), feature=FEATURE
        )

    def review(self, number: int = 101, reviewers: Sequence[str] = ("ben", "chloe")) -> None:
        for reviewer in reviewers:
            self.host.review(number, f"local:{reviewer}", "approved", at=self.clock.now())

    def merge(self, number: int = 101, by: str = "ben") -> Merge:
        return self.host.merge(number, f"local:{by}", at=self.clock.now())

    def sign(
        self,
        person: str = "rosa",
        *,
        role: Role = Role.RELEASE_MANAGER,
        release: str = RELEASE,
        no: str = "",
    ) -> Verdict:
        """Sign as the command does."""
        decision = SignOffDecision.NO if no else SignOffDecision.YES
        answer = SignOffAnswer(decision=decision, role=role, because=no)
        signer = signer_at(self.folder.key(person))
        return submit(self.book, self.release(release), answer, signer)

    def run(self, job: str, partition: str = RELEASE, **tags: str) -> Ran:
        """Run a job here, over the definitions proper."""
        result = _job(job).execute_in_process(
            instance=self.instance,
            partition_key=partition,
            raise_on_error=False,
            tags=tags or None,
            run_config=QUIET,
        )
        return Ran(result)

    def run_stage(self, job: str, stage: int, release: str = RELEASE) -> Ran:
        """Run a job about a canary stage, counted from 0."""
        return self.run(job, canary_stage_key(release, STAGE_KEYS[stage]))

    def look(self, seconds: float = 30) -> list[str]:
        """Let time pass, and look at each rollout once."""
        self.clock.wait(seconds)
        return [self.composition.rollout_tick.run(r) for r in self.store.active_rollouts()]

    def prove(self) -> str:
        """Enough looks, with enough pairs, for a canary stage to be proven."""
        self.metrics.pairs_a_look = 1600
        return [self.look(10) for _ in range(4)][-1][0]

    def to_full_traffic(self) -> None:
        """Stage by stage, each through its gate."""
        for stage in range(3):
            assert self.run_stage("enter_stage", stage).is_success
            self.prove()
            concluded = self.run_stage("conclude_stage", stage)
            assert concluded.is_success, concluded.failures
        assert self.run_stage("enter_stage", 3).is_success

    def entries(self, kind: str, release: str = RELEASE) -> list[Mapping[str, Any]]:
        """Bodies of the entries of a kind about a release, oldest first."""
        return [e.body for e in self.ledger.entries(release=release, kinds=(kind,))]

    def verdict(self, gate: str, release: str = RELEASE) -> Mapping[str, Any]:
        """The newest verdict of a gate."""
        return [b for b in self.entries("verdict", release) if b["gate"] == gate][-1]

    def events(self, release: str = RELEASE) -> list[str]:
        """What happened to the rollout, by the ledger."""
        return [b["event"] for b in self.entries("rollout", release)]
