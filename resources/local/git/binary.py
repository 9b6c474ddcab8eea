"""How to run git: the binary, one bare repository, and nothing of the person who runs it.

No user or system configuration, no hooks, no prompts, no transport: what a commit holds must not
depend on whose machine reads it, and a change is untrusted input.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from release_assets.domain.errors import ConflictError, NotFoundError, UnavailableError
from resources.local.durable_files import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_OBJECT = "0" * 40
COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_NEVER_MOVES = re.compile(r"[0-9a-f]{40}(\^1)?")  # a commit id, or the first parent of one
_TIMEOUT_S = 60.0
_LOCK_WAIT_MS = 500
_LOCK_IN_THE_WAY = re.compile(r"Unable to create '([^']+\.lock)': File exists")


class Git:
    """Plumbing over one bare repository."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self._commits: dict[str, str] = {}

    def run(
        self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the output of a git command; raises `UnavailableError` when it fails."""
        done = self.attempt(*arguments, stdin=stdin, environment=environment)
        if done.returncode != 0:
            raise UnavailableError(f"git {arguments[0]} failed: {first_line(done.stderr)}")
        return done.stdout

    def attempt(
        self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a git command whose exit code has a meaning."""
        command = ["git", "-c", "core.hooksPath=/dev/null", f"--git-dir={self.repository}"]
        try:
            return subprocess.run(
                [*command, *arguments],
                input=stdin,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
                env=_scrubbed() | dict(environment or {}),
            )
        except FileNotFoundError as exc:
            raise UnavailableError("git is not installed; install it") from exc
        except subprocess.TimeoutExpired as exc:
            raise UnavailableError(f"git {arguments[0]} took over {_TIMEOUT_S:.0f} s") from exc

    def commit_at(self, name: str) -> str:
        """Return the commit that a name points at; raises `NotFoundError`."""
        if name in self._commits:
            return self._commits[name]
        done = self.attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if done.returncode != 0:
            self.require_repository()
            raise NotFoundError(f"the repository has no commit '{name}'")
        commit = done.stdout.decode().strip()
        if _NEVER_MOVES.fullmatch(name):
            self._commits[name] = commit
        return commit

    def tree_of(self, commit: str) -> str:
        """Return the tree of a commit."""
        return self.run("rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()

    def write_blob(self, content: bytes) -> str:
        """Store some bytes; returns their object id."""
        return self.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def read_blobs(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read the contents of blobs by object id, in one process; raises `NotFoundError`."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        output = self.run("cat-file", "--batch", stdin="".join(f"{n}\n" for n in wanted).encode())
        return _parse_batch(wanted, output)

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Return the refs below some prefixes, with the object that each points at."""
        output = self.run("for-each-ref", "--format=%(objectname) %(refname)", *prefixes)
        pairs = (line.split(" ", 1) for line in output.decode().splitlines())
        return {name: target for target, name in pairs}

    def move_refs(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """Move (ref, to, from) all together; raises `ConflictError` when one is elsewhere."""
        lines = [f"update {ref} {to} {old}\n" for ref, to, old in moves]
        text = "".join(["start\n", *lines, "prepare\n", "commit\n"]).encode()
        with locked(Path(self.repository) / "countersign.lock"):
            done = self._update_refs(text)
            while done.returncode != 0 and self._remove_left_over_lock(done.stderr.decode()):
                done = self._update_refs(text)
        if done.returncode != 0:
            raise ConflictError(
                f"another writer was first: {first_line(done.stderr)}; read again before acting"
            )

    def _update_refs(self, text: bytes) -> subprocess.CompletedProcess[bytes]:
        wait = ["-c", f"core.filesRefLockTimeout={_LOCK_WAIT_MS}"]
        return self.attempt(*wait, "update-ref", "--stdin", stdin=text)

    def _remove_left_over_lock(self, errors: str) -> bool:
        # We hold the only lock that our writers take, and git waited: whoever made this is gone.
        found = _LOCK_IN_THE_WAY.search(errors)
        if not found or not Path(found[1]).is_relative_to(Path(self.repository).absolute()):
            return False
        Path(found[1]).unlink(missing_ok=True)
        return True

    def require_repository(self) -> None:
        """Raise `NotFoundError` when there is no repository at the path."""
        if not (Path(self.repository) / "HEAD").is_file():
            raise NotFoundError(f"there is no git repository at {self.repository}")


def _scrubbed() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _parse_batch(wanted: list[str], output: bytes) -> dict[str, bytes]:
    found, at = {}, 0
    for name in wanted:
        end = output.index(b"\n", at)
        header = output[at:end].split()
        if header[-1] == b"missing":
            raise NotFoundError(f"the repository has no object '{name}'")
        start, size = end + 1, int(header[2])
        found[name] = output[start : start + size]
        at = start + size + 1
    return found


def first_line(text: bytes) -> str:
    """Return the first line of what git wrote, for a message."""
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "no message"
