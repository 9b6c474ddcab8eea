"""The feature's own lint, types and tests, by ruff, mypy and pytest, at the same time.

Satisfies `CodeHealth`. The rules are those of the feature's own configuration; this file decides
only what counts as having done the work: files that were looked at, tests that ran, an exit code
that agrees with the results. The exported tree is never written to: tests get a copy of their own.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError
from release_assets.ports import CodeHealth
from resources.local.durable_files import locked
from resources.tools.outputs import junit_results, mypy_results, ruff_results
from resources.tools.runs import agreed, report_on, written_by
from resources.tools.scrubbed import Ended, run_scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evals.tool_reports import ToolReport


class ToolCodeHealth(CodeHealth):
    """Runs the tools of this interpreter; `cache` is a folder that makes the next run quick.

    Args:
        cache: A folder of our own; mypy's cache of each feature is kept below it.
        timeout_s: Wall time for each tool, in seconds.
    """

    def __init__(self, cache: str, timeout_s: float = 120.0) -> None:
        self._cache = Path(cache)
        self._timeout_s = timeout_s

    def check(self, tree: Path, feature: str) -> Sequence[ToolReport]:
        """Run them all over `features/<feature>` of an exported tree; one report per tool."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room:
            checks = _Checks(
                tree=tree.resolve(),
                feature=feature,
                room=Path(room).resolve(),
                cache=self._cache.resolve(),
                timeout_s=self._timeout_s,
            )
            works = {"ruff": checks.lint, "mypy": checks.types, "pytest": checks.tests}
            with ThreadPoolExecutor(len(works)) as pool:
                started = [pool.submit(report_on, tool, tool, w) for tool, w in works.items()]
                return tuple(each.result() for each in started)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Checks:
    tree: Path
    feature: str
    room: Path
    cache: Path
    timeout_s: float

    def lint(self) -> Sequence[dict[str, Any]]:
        folder = self._folder(self.tree)
        options = ["check", "--no-cache", "--no-fix", "--no-respect-gitignore"]
        ended = self._run("ruff", [*options, "--output-format", "json", "."], folder)
        if "No Python files found" in ended.errors:
            raise UnavailableError("it found no Python file that its configuration includes")
        return agreed(ended, ruff_results(written_by(ended, known=(0, 1)), self.tree))

    def types(self) -> Sequence[dict[str, Any]]:
        # mypy identifies files by path, so it runs in the feature's folder, wherever that is.
        folder = self._folder(self._copy("types"))
        _never_seen_before(folder)
        cache = self.cache / "mypy" / self.feature
        options = ["-O", "json", "--no-pretty", "--no-error-summary", "--cache-dir", str(cache)]
        with locked(cache.with_name(f"{self.feature}.lock")):
            ended = self._run("mypy", options, folder)
        return agreed(ended, mypy_results(ended.output, self._under()), found=(1, 2))

    def tests(self) -> Sequence[dict[str, Any]]:
        folder, report = self._folder(self._copy("tests")), self.room / "junit.xml"
        options = ["-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", "."]
        written = ["-o", "junit_family=xunit1", "--junit-xml", str(report)]
        ended = self._run("pytest", [*options, *written], folder, {"PYTHONPATH": str(folder)})
        if not report.exists() or ended.code not in {0, 1, 2}:
            raise UnavailableError(f"exit code {ended.code}: {ended.last_line()}")
        return agreed(ended, junit_results(report, self._under()), found=(1, 2))

    def _run(
        self, tool: str, options: Sequence[str], cwd: Path, env: dict[str, str] | None = None
    ) -> Ended:
        # -P: a file of the feature that is named like a tool is not the tool.
        command = [sys.executable, "-P", "-m", tool, *options]
        room = self.room / f"{tool}-room"
        room.mkdir()
        return run_scrubbed(command, cwd=cwd, room=room, timeout_s=self.timeout_s, env=env or {})

    def _copy(self, name: str) -> Path:
        try:
            copied: Path = shutil.copytree(self.tree, self.room / name, symlinks=True)
        except OSError as exc:  # shutil.Error is one
            raise UnavailableError(f"the tree cannot be copied: {exc}") from exc
        return copied

    def _under(self) -> str:
        return f"features/{self.feature}"

    def _folder(self, tree: Path) -> Path:
        folder = tree / self._under()
        if next(folder.rglob("*.py"), None) is None:
            raise UnavailableError(f"there is no Python file below {self._under()}")
        return folder


def _never_seen_before(folder: Path) -> None:
    """Give all source files a time that no earlier check had.

    mypy takes a file of the same size and second for the same file; with another time it compares
    the content, and distinguishes two exports within one second.
    """
    stamp = secrets.randbits(31)
    for path in folder.rglob("*.py*"):
        os.utime(path, (stamp, stamp), follow_symlinks=False)
