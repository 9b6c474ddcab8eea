"""Starts a local world: the stable unit behind Caddy, live questions, replay, and Dagster.

Decides which process runs with which arguments. The functions are in the order in which the caller
needs them; the router and the Dagster UI are awaited until they answer, with a deadline. Where
things are is decided in `world`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import httpx

from release_assets.demo.world import EXAMPLES, FEATURE, WorldFolder, environment
from release_assets.domain.errors import UnavailableError
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import ReleaseKey
from release_assets.ports import Environment, PromptPointers
from resources.local.router.caddy import CaddyRouter

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_assets.composition import Composition

_BIN = Path(sys.executable).parent
APPROVED = EXAMPLES / FEATURE / "features" / FEATURE / "handbook" / "2026"
_DEADLINE_S = 120.0
_POLL_S = 0.2


def adopt(world: Composition) -> None:
    """Make main's unit the first stable release, once, with an entry in the ledger.

    The first release of a feature has no predecessor to be compared with; the unit that runs
    before Countersign comes is adopted as it is.
    """
    ports, book = world.ports, world.book
    if ports.ledger.entries(kinds=(EntryKind.ADOPTION,)):
        return
    main = ports.git_host.main()
    release = book.repository.release(ReleaseKey(FEATURE, 0), main)
    files = book.repository.files(FEATURE, main)
    manifest = book.repository.manifest(FEATURE, main)
    ports.prompt_registry.publish({n: files[p] for n, p in manifest.prompts.items()})
    first = PromptPointers(stable=release.unit.prompts, candidate=None)
    ports.prompt_registry.move(Environment.PRODUCTION, None, first)
    running = ports.deployer.deploy(release, Environment.PRODUCTION)
    _front(ports.traffic_router).write_start_file(release.digest, running.address)
    body = {"unit": release.unit.document(), "commit": main, "because": "it ran before us"}
    book.write(EntryKind.ADOPTION, body, release)


def start_router(folder: WorldFolder, world: Composition) -> None:
    """Start Caddy with the stable unit behind it, unless it runs already."""
    router = _front(world.ports.traffic_router)
    if not folder.processes.alive("caddy"):
        folder.processes.start(
            "caddy", router.start_command(), environment=router.start_environment()
        )
    router.wait_until_up()


def start_live_traffic(folder: WorldFolder, calls_per_second: float, pairs_per_second: int) -> None:
    """Start the recorded live questions and the paired replay."""
    replayer = folder.path / "replayer.json"
    replayer.write_text(json.dumps(_replayer(folder, pairs_per_second)))
    _start(
        folder, "replayer", ["-m", "resources.local.traffic.replayer", "--config", str(replayer)]
    )
    load = ["--front", f"http://{folder.address('front')}", "--rate", str(calls_per_second)]
    load += ["--questions", str(EXAMPLES / "traffic" / "questions.jsonl"), "--seed", "1"]
    _start(folder, "load", ["-m", "release_assets.demo.load", *load])


def start_dagster_code(folder: WorldFolder) -> None:
    """Start the code server; `start_dagster` waits for it."""
    host, _, port = folder.address("code_server").partition(":")
    where = ["-m", "release_assets.definitions", "--host", host, "--port", port]
    _start(folder, "code_server", ["-m", "dagster", "api", "grpc", *where])


def start_dagster(folder: WorldFolder) -> None:
    """Start webserver and daemon over the code server, and wait until the UI answers."""
    host, _, port = folder.address("code_server").partition(":")
    _await(lambda: _accepts(host, int(port)), "the code server", folder, "code_server")
    workspace = ["-w", str(folder.dagster_home / "workspace.yaml")]
    host, _, port = folder.address("webserver").partition(":")
    _start(folder, "daemon", [str(_BIN / "dagster-daemon"), "run", *workspace])
    _start(
        folder, "webserver", [str(_BIN / "dagster-webserver"), *workspace, "-h", host, "-p", port]
    )
    ui = f"http://{folder.address('webserver')}/server_info"
    _await(lambda: _answers(ui), "the Dagster UI", folder, "webserver")


def warm_up(world: Composition) -> Thread:
    """Let the secret scanner compile its rules while the rest starts; join before it is needed."""

    def scan() -> None:
        with tempfile.TemporaryDirectory() as empty:
            world.ports.security_scanner.scan(Path(empty), FEATURE)

    thread = Thread(target=scan, name="warm-up")
    thread.start()
    return thread


def require_alive(folder: WorldFolder) -> None:
    """Raise `UnavailableError` with the end of the log of a process that died."""
    for name in ("caddy", "replayer", "load", "code_server", "daemon", "webserver"):
        if not folder.processes.alive(name):
            tail = folder.processes.log_tail(name)
            raise UnavailableError(f"{name} died; start the demo again. Its log ends: {tail}")


def _start(folder: WorldFolder, name: str, arguments: list[str]) -> None:
    if folder.processes.alive(name):
        return
    folder.processes.start(
        name,
        [sys.executable, *arguments],
        environment=environment(folder),
        cwd=str(folder.path),
    )


def _await(is_there: Callable[[], bool], what: str, folder: WorldFolder, name: str) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while not is_there():
        if time.monotonic() > deadline or not folder.processes.alive(name):
            tail = folder.processes.log_tail(name)
            raise UnavailableError(f"{what} did not start; its log ends: {tail}")
        time.sleep(_POLL_S)


def _accepts(host: str, port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _front(router: object) -> CaddyRouter:
    if not isinstance(router, CaddyRouter):
        message = "a local world is served by Caddy; its countersign.yaml names another router"
        raise UnavailableError(message)
    return router


def _replayer(folder: WorldFolder, pairs_per_second: int) -> dict[str, object]:
    return {
        "call_log": str(folder.path / "logs" / "calls.jsonl"),
        "pairs": str(folder.path / "logs" / "pairs.jsonl"),
        "admin": folder.address("admin"),
        "folder": str(folder.path / "caddy"),
        "pairs_per_second": pairs_per_second,
        "handbook": {file.stem: str(file) for file in sorted(APPROVED.glob("*.jsonl"))},
    }
