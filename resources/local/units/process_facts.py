"""What the kernel reports about processes: start times, groups and marks.

`/proc` where there is one, else `ps`: nothing to install. A zombie counts as gone. Start times
carry the boot id, since ticks since boot repeat after a restart of the machine.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


def started(pid: int) -> str | None:
    """Return when a live process started, as the kernel writes it; None when there is none."""
    if not _has_proc():
        return _ps_started(pid)
    fields = _stat(pid)
    return f"{_boot()}:{fields[19]}" if fields and _lives(fields) else None


def group_of(pid: int) -> int | None:
    """Return the process group of a live process, or None."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def group_lives(group: int) -> bool:
    """Whether a group has a member that is not a zombie."""
    if not _has_proc():
        return str(group) in _ps_groups()
    return any(f[2] == str(group) and _lives(f) for pid in _pids() if (f := _stat(pid)))


def marked(variable: str, value: str, *, prefix: bool = False) -> dict[int, str]:
    """Return live processes (not this one) whose environment has a variable with a value, by pid.

    With `prefix` the value need only begin so. Empty where the kernel does not show environments.
    """
    if not _has_proc():
        return {}
    found = {pid: word for pid in _pids() if (word := _variable(pid, variable)) is not None}
    found.pop(os.getpid(), None)
    return {p: w for p, w in found.items() if (w.startswith(value) if prefix else w == value)}


@cache
def _has_proc() -> bool:
    return (_PROC / "self" / "stat").is_file()


@cache
def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]


def _pids() -> list[int]:
    return [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    # Fields from the state on: the name before it may hold spaces and brackets.
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _lives(fields: list[str]) -> bool:
    # A killed program whose first thread is a zombie holds its ports until the last thread died.
    state, threads = fields[0], int(fields[17])
    return state not in "ZX" or threads > 1


def _variable(pid: int, name: str) -> str | None:
    try:
        content = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:  # gone, or another user's
        return None
    start = f"{name}=".encode()
    words = (word for word in content.split(b"\0") if word.startswith(start))
    return next((word[len(start) :].decode(errors="replace") for word in words), None)


def _ps_started(pid: int) -> str | None:
    state, _, rest = _ps("-o", "state=", "-o", "lstart=", "-p", str(pid)).strip().partition(" ")
    return rest.strip() if rest and not state.startswith("Z") else None


def _ps_groups() -> list[str]:
    """Return the group of each process that is not a zombie."""
    rows = (line.split() for line in _ps("-A", "-o", "pgid=", "-o", "state=").splitlines())
    return [row[0] for row in rows if len(row) > 1 and not row[1].startswith("Z")]


def _ps(*words: str) -> str:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.stdout
