"""`countersign demo`: a local world, and four releases of a real AI feature on their way."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from release_assets.composition import Composition
    from release_assets.demo.run import DemoRun
    from release_assets.demo.screen import Screen
    from release_assets.demo.stories import Story
    from release_assets.demo.world import WorldFolder

DEADLINE_S = 1500.0
PAIRS_PER_SECOND = 50


@click.command("demo")
@click.option("--release", "names", multiple=True, help="Only this story, like better.")
@click.option("--keep", is_flag=True, help="Leave the world's processes running at the end.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".countersign/demo"),
    show_default=True,
    help="Where the world lives; made anew.",
)
@click.option("--ui-port", type=int, help="Of the Dagster UI; default: one that is free.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    keep: bool,
    folder: Path,
    ui_port: int | None,
    as_json: bool,
) -> None:
    """Build a local world and take four changes through it, from pull request to production."""
    from release_assets.demo.screen import Screen, closing_table
    from release_assets.demo.world import WorldFolder

    began = time.monotonic()
    stories = _stories(names)
    world_folder = WorldFolder(folder.absolute())
    with Screen() as screen, _world(world_folder, screen, ui_port, keep=keep) as world:
        run = _play(world_folder, world, screen, stories)
        screen.stop()
        waits = sys.stdout.isatty() and not as_json and not keep
        seconds = time.monotonic() - began
        document = _document(world_folder, world, run, seconds, stays=waits or keep)
        screen.console.print(closing_table(run))
        _tell_the_end(screen, document)
        if as_json:
            click.echo(json.dumps(document, ensure_ascii=False))
        if waits:
            _wait_for_ctrl_c(screen, str(document["ui"]))
    as_expected = all(journey.ended_as_expected for journey in run.journeys)
    ctx.exit(0 if as_expected and document["ledger"]["verified"] else 1)


@contextlib.contextmanager
def _world(
    folder: WorldFolder, screen: Screen, ui_port: int | None, *, keep: bool
) -> Iterator[Composition]:
    """Start a world with everything in it; end it again, whatever happens inside."""
    from release_assets.composition import compose
    from release_assets.demo import startup
    from release_assets.demo.world import build, end
    from resources.clock import SystemClock
    from resources.wiring import load_world

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    orphans = end(folder)
    if orphans:
        screen.note(f"ended what an earlier run left: {', '.join(orphans)}")
    try:
        screen.note(f"building a world in {folder.path}")
        build(folder, SystemClock().now(), ui_port)
        world = compose(load_world(folder.config))
        warming = startup.warm_up(world)
        startup.start_dagster_code(folder)
        startup.adopt(world)
        startup.start_router(folder, world)
        startup.start_live_traffic(folder, _rate(world), PAIRS_PER_SECOND)
        startup.start_dagster(folder)
        warming.join()
        screen.note(f"Dagster: http://{folder.address('webserver')}")
        yield world
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # impatience may not leave things running
            signal.signal(number, signal.SIG_IGN)
        if not keep:
            end(folder)


def _rate(world: Composition) -> float:
    """Return the calls per second that the manifest on main declares to the planner."""
    from release_assets.demo.world import FEATURE

    main = world.ports.git_host.main()
    return world.book.repository.manifest(FEATURE, main).traffic.calls_per_second


def _stories(names: tuple[str, ...]) -> list[Story]:
    """Return the stories to play, before anything is built: a wrong name costs nothing."""
    from release_assets.demo.stories import read_stories

    stories = [s for s in read_stories() if not names or s.name in names or s.release in names]
    if not stories:
        raise InputError(f"no story is called {', '.join(names)}", hint="try 'better'")
    return stories


def _play(
    folder: WorldFolder, world: Composition, screen: Screen, stories: Sequence[Story]
) -> DemoRun:
    from release_assets.demo.run import DemoRun
    from release_assets.demo.startup import require_alive
    from release_assets.demo.stories import StoryPeople
    from resources.local.git.host import LocalGitHost

    host = LocalGitHost(str(folder.path / "repository.git"))
    run = DemoRun.of(stories, world, StoryPeople(folder, host, world.ports.clock.now))
    run.play(screen.show, lambda: require_alive(folder), DEADLINE_S)
    return run


def _document(
    folder: WorldFolder, world: Composition, run: DemoRun, seconds: float, *, stays: bool
) -> dict[str, Any]:
    """Return the JSON document of the demo."""
    from release_assets.demo.results import drain_outbox, verified_ledger, write_dossiers

    drain_outbox(world)
    return {
        "stories": [j.document() for j in sorted(run.journeys, key=lambda j: j.story.number)],
        "dossiers": write_dossiers(folder, world, [j.story.release for j in run.journeys]),
        "ledger": verified_ledger(world),
        "ui": f"http://{folder.address('webserver')}" if stays else None,
        "seconds": round(seconds, 1),
    }


def _tell_the_end(screen: Screen, document: dict[str, Any]) -> None:
    ledger = document["ledger"]
    state = "verified" if ledger["verified"] else "DAMAGED"
    screen.note(f"ledger: {ledger['size']} entries, root {ledger['root']}, {state}")
    for path in document["dossiers"]:
        screen.note(f"dossier: {path}")
    screen.note(f"all in {document['seconds']:.0f} s")


def _wait_for_ctrl_c(screen: Screen, ui: str) -> None:
    screen.note(f"The Dagster UI stays up at {ui}; press Ctrl-C to end the world.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
