"""Runs a foreign program over foreign code: scrubbed, limited, ended in time.

The program sees a home of its own and no variable of ours, so no credential travels in its
environment; it has limits (`limited_program`) and a wall clock, and whatever it started is killed
with it. It is the same user on the same network, though: a tree that is hostile, rather than
mistaken, belongs in a container.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from release_assets.domain.errors import UnavailableError
from resources.tools import limited_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_OUTPUT_BYTES = 32 << 20
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A program that ended by itself, and what it wrote."""

    code: int
    output: str
    errors: str

    def last_line(self) -> str:
        """Return the last line of its errors or output, to be shown with an unknown exit code."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return lines[-1].strip()[:200] if lines else "it wrote nothing"


def run_scrubbed(
    command: Sequence[str],
    *,
    cwd: Path,
    room: Path,
    timeout_s: float,
    env: Mapping[str, str] = _NONE,
) -> Ended:
    """Run a command by absolute path to its end; `room` is its own empty folder.

    Raises `UnavailableError` when it cannot start or does not end within `timeout_s` seconds.
    """
    variables = {**_environment(room), **env}
    # Files, not pipes: a child left behind would hold a pipe open until the timeout.
    with (room / "stdout").open("w+b") as out, (room / "stderr").open("w+b") as err:
        code = _run_to_the_end(_limited(command, timeout_s), cwd, variables, (out, err), timeout_s)
        return Ended(code=code, output=_text(out), errors=_text(err))


def _environment(room: Path) -> dict[str, str]:
    home, temporary = room / "home", room / "tmp"
    home.mkdir(parents=True)
    temporary.mkdir()
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }


def _limited(command: Sequence[str], timeout_s: float) -> list[str]:
    cpu_s = math.ceil(timeout_s * (os.cpu_count() or 1))
    program = limited_program.__file__
    return [sys.executable, "-I", "-S", program, str(cpu_s), *command]


def _run_to_the_end(
    command: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    streams: tuple[BinaryIO, BinaryIO],
    timeout_s: float,
) -> int:
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
            start_new_session=True,
        )
    except OSError as exc:
        raise UnavailableError(f"it cannot be started: {exc}") from exc
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired as exc:
        raise UnavailableError(f"it had not ended after {timeout_s:g} s, and was killed") from exc
    finally:
        _kill_all_of(process)


def _kill_all_of(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # the usual case: no process is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(file: BinaryIO) -> str:
    file.seek(0)
    content = file.read(MAX_OUTPUT_BYTES + 1)
    if len(content) > MAX_OUTPUT_BYTES:
        raise UnavailableError(f"it wrote more than {MAX_OUTPUT_BYTES >> 20} MiB")
    return content.decode(errors="replace")
