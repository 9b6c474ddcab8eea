"""Programs are found again, ended as a group, and never mistaken for others."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from release_assets.domain.errors import InputError, UnavailableError
from resources.local.units import process_facts
from resources.local.units.loopback_ports import free_port, is_free_port, require_free_port
from resources.local.units.processes import ProcessTable

ENVIRONMENT = {"PATH": os.defpath}
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(600)"
    ),
]
PARENT = [
    sys.executable,
    "-c",
    (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True); time.sleep(600)"
    ),
]
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    ProcessTable(str(tmp_path)).end_orphans(grace_s=0)


def table(folder: Path) -> ProcessTable:
    return ProcessTable(str(folder))


def start(folder: Path, name: str, command: list[str]):
    return table(folder).start(name, command, environment=ENVIRONMENT)


def eventually(question, within_s: float = 20.0):
    deadline = time.monotonic() + within_s
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def test_a_started_program_is_found_by_another_table(folder):
    started = start(folder, "unit", SLEEPER)
    assert table(folder).find("unit") == started
    assert [process.name for process in table(folder).running()] == ["unit"]


def test_a_program_has_the_environment_it_was_given_and_nothing_else(folder):
    start(folder, "unit", [sys.executable, "-c", "import os; print(sorted(os.environ))"])
    eventually(lambda: "COUNTERSIGN_PROCESS" in table(folder).log_tail("unit"))
    assert "HOME" not in table(folder).log_tail("unit")


def test_a_stopped_program_is_gone_with_everything_it_started(folder):
    start(folder, "parent", PARENT)
    child = int(eventually(lambda: table(folder).log_tail("parent")))
    table(folder).stop("parent")
    assert not table(folder).alive("parent")
    assert process_facts.started(child) is None


def test_a_program_that_ignores_the_polite_signal_is_killed(folder):
    process = start(folder, "stubborn", STUBBORN)
    eventually(lambda: "up" in table(folder).log_tail("stubborn"))
    table(folder).stop("stubborn", grace_s=0.1)
    assert process_facts.started(process.pid) is None


SERVER = """
import signal, socket, threading, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
ballast = bytearray(200_000_000)  # takes the kernel a while to tear down
for _ in range(20):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
listener = socket.create_server(("127.0.0.1", {port}))
print("up", flush=True)
time.sleep(600)
"""


def test_a_killed_server_has_left_its_port_when_stop_returns(folder):
    for _ in range(5):
        port = free_port()
        start(folder, "server", [sys.executable, "-c", SERVER.format(port=port)])
        eventually(lambda: "up" in table(folder).log_tail("server", lines=1))
        table(folder).stop("server", grace_s=0)
        assert is_free_port(port)
        (folder / "server.log").unlink()


def test_a_killed_program_is_not_running(folder):
    process = start(folder, "unit", SLEEPER)
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not table(folder).alive("unit"))


def test_a_running_program_is_not_started_twice(folder):
    start(folder, "unit", SLEEPER)
    with pytest.raises(InputError, match="already running"):
        start(folder, "unit", SLEEPER)


def test_a_program_that_is_not_there_cannot_be_started(folder):
    with pytest.raises(UnavailableError, match="cannot start"):
        start(folder, "unit", ["/nonexistent/program"])


def test_a_reused_pid_is_not_one_of_ours(folder):
    """The pid file names a stranger that started at another time: it is neither found nor ended."""
    stranger = subprocess.Popen(SLEEPER, start_new_session=True)
    try:
        document = {"name": "unit", "pid": stranger.pid, "started": "earlier", "command": ["x"]}
        (folder / "unit.json").write_text(json.dumps(document | {"log": "", "about": {}}))
        assert not table(folder).alive("unit")
        table(folder).stop("unit", grace_s=0.1)
        assert table(folder).end_orphans(grace_s=0.1) == ()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', "null"])
@needs_proc
def test_the_program_of_a_corrupted_pid_file_is_still_ended(folder, content):
    process = start(folder, "unit", SLEEPER)
    (folder / "unit.json").write_text(content)
    assert table(folder).find("unit") is None
    assert table(folder).end_orphans(grace_s=0.5) == ("unit",)
    assert process_facts.started(process.pid) is None


@needs_proc
def test_a_program_whose_starter_was_killed_before_noting_it_is_an_orphan_of_the_folder(folder):
    process = start(folder, "unit", SLEEPER)
    (folder / "unit.json").unlink()
    assert table(folder).end_orphans() == ("unit",)
    assert process_facts.started(process.pid) is None


def test_without_proc_the_same_is_known_from_ps(folder, monkeypatch):
    monkeypatch.setattr(process_facts, "_has_proc", lambda: False)
    process = start(folder, "stubborn", STUBBORN)
    eventually(lambda: "up" in table(folder).log_tail("stubborn"))
    assert table(folder).find("stubborn") == process
    assert process_facts.group_lives(process.pid)
    assert table(folder).end_orphans(grace_s=0.1) == ("stubborn",)
    assert process_facts.started(process.pid) is None
    assert not process_facts.group_lives(process.pid)


def test_orphans_of_another_folder_are_left_alone(folder):
    start(folder / "mine", "unit", SLEEPER)
    theirs = start(folder / "mine-too", "unit", SLEEPER)
    try:
        assert table(folder / "mine").end_orphans() == ("unit",)
        assert table(folder / "mine-too").find("unit") == theirs
    finally:
        table(folder / "mine-too").end_orphans(grace_s=0)


def test_a_port_in_use_is_refused_by_name():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} for the front door is in use"):
            require_free_port(port, "the front door")
    assert is_free_port(free_port())
