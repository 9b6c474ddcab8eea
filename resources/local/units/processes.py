"""Programs that outlive their starter: found again by name, ended as a group, never mistaken.

A pid alone identifies nothing: the kernel gives it to another process later. A program is known by
pid and start time, and each carries a mark in its environment, so that one whose pid file was never
written (its starter was killed) is found too. It does not matter what the programs do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError, UnavailableError
from resources.local.durable_files import write_atomically
from resources.local.units import process_facts as facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MARK = "COUNTERSIGN_PROCESS"
_POLL_S = 0.02
_DEATH_S = 10.0  # a killed program holds its ports until the kernel has taken it down


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A started program; `started` is the kernel's start time, `about` what the starter noted."""

    name: str
    pid: int
    started: str
    command: tuple[str, ...]
    log: str
    about: Mapping[str, Any] = field(default_factory=dict)


class ProcessTable:
    """The programs of one folder: a pid file and a log file each.

    Args:
        folder: Where pid and log files are; programs of other folders are never touched.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder).absolute()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Process:
        """Start a program in a session of its own, with this environment and nothing else.

        Raises `InputError` when it already runs and `UnavailableError` when it cannot start.
        """
        if self.find(name):
            raise InputError(f"'{name}' is already running", hint="stop it first")
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"{name}.log"
        marked = dict(environment) | {_MARK: self._mark(name)}
        child = _spawn(command, log, marked, cwd)
        process = Process(
            name=name,
            pid=child.pid,
            started=facts.started(child.pid) or "gone",
            command=tuple(command),
            log=str(log),
            about=dict(about or {}),
        )
        write_atomically(self._file(name), json.dumps(asdict(process)).encode())
        return process

    def find(self, name: str) -> Process | None:
        """Return the running program of that name, or None when it is not running."""
        process = self.last(name)
        return process if process and _is_alive(process) else None

    def last(self, name: str) -> Process | None:
        """Read the pid file, of a running program or not; None without a readable one."""
        try:
            document = json.loads(self._file(name).read_bytes())
            return Process(**document | {"command": tuple(document["command"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None  # a torn or foreign file names no program; the mark still finds it

    def alive(self, name: str) -> bool:
        """Whether the program of that name runs."""
        return self.find(name) is not None

    def running(self) -> tuple[Process, ...]:
        """Return all running programs of this folder that have a pid file, by name."""
        names = sorted(path.stem for path in self._folder.glob("*.json"))
        return tuple(process for name in names if (process := self.find(name)))

    def stop(self, name: str, grace_s: float = 5.0) -> None:
        """End a program and all it started: TERM, and KILL after `grace_s`; then forget it."""
        process = self.find(name)
        leaders = [process.pid] if process else []
        _end([*leaders, *facts.marked(_MARK, self._mark(name))], grace_s)
        self._file(name).unlink(missing_ok=True)

    def end_orphans(self, grace_s: float = 3.0) -> tuple[str, ...]:
        """End everything that an earlier run left in this folder; returns the names."""
        known = {process.name: process.pid for process in self.running()}
        strays = facts.marked(_MARK, f"{self._folder}:", prefix=True)
        names = sorted(known | {stray.rpartition(":")[2]: 0 for stray in strays.values()})
        _end([*known.values(), *strays], grace_s)
        for name in names:
            self._file(name).unlink(missing_ok=True)
        return tuple(names)

    def log_tail(self, name: str, lines: int = 5) -> str:
        """Return the last lines that a program wrote, to be quoted when it ended."""
        try:
            text = (self._folder / f"{name}.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _mark(self, name: str) -> str:
        return f"{self._folder}:{name}"


def _spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str], cwd: str | None
) -> subprocess.Popen[bytes]:
    try:
        with log.open("ab") as output:
            return _Outliving(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
            )
    except OSError as exc:
        raise UnavailableError(f"cannot start {command[0]}: {exc.strerror}") from exc


def _is_alive(process: Process) -> bool:
    _reap(process.pid)
    return facts.started(process.pid) == process.started


def _reap(pid: int) -> None:
    # A dead child of this very process stays a zombie until it is waited for.
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _end(pids: Iterable[int], grace_s: float) -> None:
    # Groups, not processes: what a program started in its own group goes with it.
    groups = {group for pid in pids if (group := facts.group_of(pid))} - {os.getpgrp()}
    for group in groups:
        _signal(group, signal.SIGTERM)
    if not _gone(groups, grace_s):
        for group in groups:
            _signal(group, signal.SIGKILL)
        _gone(groups, _DEATH_S)


def _signal(group: int, number: signal.Signals) -> None:
    # Gone already, or (macOS) nothing but zombies left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _gone(groups: set[int], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while any(_has_members(group) for group in groups):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _has_members(group: int) -> bool:
    is_alive = facts.group_lives(group)
    if not is_alive:
        _reap(group)
    return is_alive


class _Outliving(subprocess.Popen[bytes]):
    """A program that outlives its starter on purpose."""

    def __del__(self) -> None:
        """Skip the warning of the base class: no one needs to wait for it."""
