"""What one release's journey costs: ledger reads, digests, git processes, judgements, CPU seconds.

    python -W ignore -m benchmarks.journey

Every act of a good release, from pull request to stable, over the world of the tests: real git,
ledger and stores; plain classes for router, traffic and units. `fresh` opens the world anew before
each act, as a new process would; `warm` keeps one world. Counts are exact and repeatable, seconds
are those of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import dagster as dg
from rich.console import Console
from rich.table import Table

from release_assets.domain import release
from release_assets.domain.evals import pairing
from release_assets.domain.live import judge
from resources.ledger_store import SqlLedger
from resources.release_store import SqlReleaseStore
from sensors.live_slos import live_slos
from sensors.stage_progress import stage_progress
from tests.phases.doubles import SteadyTraffic
from tests.phases.world import Ran, World, definitions
from tests.ports.fake_traffic_router import FakeTrafficRouter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNTED = ("ledger", "store", "router", "calls", "digests", "git", "pair", "judged")
PACKAGES = ("release_assets", "resources", "sensors")
STORE_READS = ("active_rollouts", "rollout", "looks", "newest_looks", "live_state", "decision")
STAGES = 3


class Counts(Counter[str]):
    """How often each counted thing happened in one act."""

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, counted under a name."""

        def counted(*args: Any, **named: Any) -> Any:
            self[name] += 1
            return function(*args, **named)

        return counted


def _holders(function: Callable[..., Any]) -> Iterator[tuple[Any, str]]:
    """Yield each module of the product that holds a function, and its name there."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] in PACKAGES:
            found = [name for name, value in vars(module).items() if value is function]
            yield from ((module, name) for name in found)


@contextmanager
def counting() -> Iterator[Counts]:
    """Count everything that is counted until the block ends."""
    counts = Counts()
    methods = (
        ("ledger", SqlLedger, "entries"),
        ("router", FakeTrafficRouter, "read"),
        *(("calls", SteadyTraffic, name) for name in ("counts", "pairs")),
        *(("store", SqlReleaseStore, name) for name in STORE_READS),
    )
    functions = (
        ("digests", release.digest_of_document),
        ("pair", pairing.pair),
        ("judged", judge.judge),
    )
    places = [(name, owner, attribute) for name, owner, attribute in methods]
    places += [(name, *place) for name, function in functions for place in _holders(function)]
    patches = [
        patch.object(owner, attribute, counts.wrap(name, getattr(owner, attribute)))
        for name, owner, attribute in places
    ]
    patches.append(patch.object(subprocess, "Popen", _counted_programs(counts)))
    for one in patches:
        one.start()
    try:
        yield counts
    finally:
        for one in patches:
            one.stop()


def _counted_programs(counts: Counts) -> type[subprocess.Popen[Any]]:
    class Counted(subprocess.Popen[Any]):
        def __init__(self, args: Any, *more: Any, **named: Any) -> None:
            program = args if isinstance(args, str) else args[0]
            counts["git"] += Path(program).name == "git"
            super().__init__(args, *more, **named)

    return Counted


class Journey:
    """One good release, act by act, each counted."""

    def __init__(self, world: World, *, fresh: bool) -> None:
        self.world, self.fresh = world, fresh
        self.rows: list[tuple[str, Counts, float]] = []

    def act(self, name: str, do: Callable[[World], Any]) -> None:
        """Do one act and note what it cost."""
        if self.fresh:
            self._reopen()
        started = _cpu_seconds()
        with counting() as counts:
            do(self.world)
        self.rows.append((name, counts, _cpu_seconds() - started))

    def _reopen(self) -> None:
        for name in ("host", "ports", "composition"):
            self.world.__dict__.pop(name, None)

    def all(self) -> None:
        """Walk from the pull request to the stable release."""
        self.world.open()
        self.world.review()
        self.act("run_pre_merge", _run("run_pre_merge"))
        self.world.merge()
        self.act("run_staging", _run("run_staging"))
        self.act("sign-off", lambda world: world.sign())
        self.act("promote_release", _run("promote_release"))
        self.act("enter_stage", _stage("enter_stage", 0))
        self.world.look(30)
        self.world.clock.wait(30)
        self.act("tick of live_slos", _tick(live_slos))
        self.act("tick of stage_progress", _tick(stage_progress))
        self.world.prove()
        self.act("conclude_stage", _stage("conclude_stage", 0))
        for stage in range(1, STAGES):
            _stage("enter_stage", stage)(self.world)
            self.world.prove()
            _stage("conclude_stage", stage)(self.world)
        _stage("enter_stage", STAGES)(self.world)
        self.world.prove()
        self.act("complete_release", _run("complete_release"))


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of the programs that it waited for."""
    return sum(os.times()[:4])


def _run(job: str) -> Callable[[World], None]:
    return lambda world: _require_success(world.run(job))


def _stage(job: str, stage: int) -> Callable[[World], None]:
    return lambda world: _require_success(world.run_stage(job, stage))


def _require_success(ran: Ran) -> None:
    if not ran.is_success:
        raise RuntimeError(ran.failures)


def _tick(sensor: dg.SensorDefinition) -> Callable[[World], Any]:
    def do(world: World) -> None:
        composed = world.composition
        resources = {
            name: getattr(composed.ports, name, None) or getattr(composed, name)
            for name in sensor.required_resource_keys
        }
        with dg.build_sensor_context(instance=world.instance, resources=resources) as context:
            sensor(context)

    return do


def table(title: str, journey: Journey) -> Table:
    """Show one row an act, and their sum."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("act", no_wrap=True)
    for column in (*COUNTED, "CPU s"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name, counts, seconds in journey.rows:
        shown.add_row(name, *(str(counts[c]) for c in COUNTED), f"{seconds:.2f}")
    total = sum((counts for _, counts, _ in journey.rows), Counter[str]())
    seconds = sum(seconds for _, _, seconds in journey.rows)
    shown.add_section()
    shown.add_row("journey", *(str(total[c]) for c in COUNTED), f"{seconds:.2f}")
    return shown


def main() -> None:
    """Print the table of a warm and of a fresh journey."""
    console = Console(width=100)
    definitions().get_repository_def()
    for fresh in (False, True):
        with tempfile.TemporaryDirectory() as folder, World.anew(Path(folder) / "world") as world:
            journey = Journey(world, fresh=fresh)
            journey.all()
        console.print(table("fresh for each act" if fresh else "one warm process", journey))


if __name__ == "__main__":
    main()
