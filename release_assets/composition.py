"""Puts ports together into what phases, sensors and commands work with.

Everything below takes ports, never adapters: the local world, production and tests are composed
alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.control.brake import Brake
from release_assets.control.tick import RolloutTick
from release_assets.control.watch import Watch
from release_assets.records.book import Book
from release_assets.records.recorder import Recorder
from release_assets.records.suite_runner import SuiteRunner

if TYPE_CHECKING:
    from release_assets.ports import Ports


@dataclass(frozen=True, kw_only=True)
class Composition:
    """The world and what is built over its ports."""

    ports: Ports
    book: Book
    recorder: Recorder
    suite_runner: SuiteRunner
    benchmark_runner: SuiteRunner
    watch: Watch
    brake: Brake
    rollout_tick: RolloutTick


def compose(ports: Ports) -> Composition:
    """Build everything once; nothing is opened by it."""
    book = Book.over(ports)
    recorder = Recorder(book=book, evidence_store=ports.evidence_store)
    watch = Watch(
        live_metrics=ports.live_metrics,
        traffic_router=ports.traffic_router,
        release_store=ports.release_store,
    )
    brake = Brake(
        book=book,
        traffic_router=ports.traffic_router,
        prompt_registry=ports.prompt_registry,
        release_store=ports.release_store,
    )
    return Composition(
        ports=ports,
        book=book,
        recorder=recorder,
        suite_runner=SuiteRunner(
            recorder=recorder, deployer=ports.deployer, engine=ports.eval_engine
        ),
        benchmark_runner=SuiteRunner(
            recorder=recorder, deployer=ports.deployer, engine=ports.benchmark_engine
        ),
        watch=watch,
        brake=brake,
        rollout_tick=RolloutTick(
            book=book,
            watch=watch,
            brake=brake,
            release_store=ports.release_store,
            clock=ports.clock,
        ),
    )
