"""Secrets by kingfisher and dangerous calls by ruff's `S` rules, on this machine alone.

Satisfies `SecurityScanner`. The network is not used: a found secret is not tried out, and no
update is looked for. What the tree sets about its own scan (ignore files, inline comments
that silence a secret, a ruff configuration) is ignored; a `noqa` that names its rule counts, since
reviewers see it. Matched text is never kept.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError
from release_assets.ports import SecurityScanner
from resources.tools.outputs import kingfisher_results, ruff_results
from resources.tools.runs import agreed, report_on, written_by
from resources.tools.scrubbed import Ended, run_scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evals.tool_reports import ToolReport

FOUND_SECRETS = 200
_TESTS_MAY = "tests/**:S101"  # a test asserts
_OFFLINE = ("--no-validate", "--no-update-check")
_IGNORES_THE_TREE = ("--no-ignore", "--git-history", "none")


class LocalScanners(SecurityScanner):
    """Runs the scanners of this interpreter.

    Args:
        timeout_s: Wall time for each tool, in seconds.
        cache: Where kingfisher keeps its compiled rules (without them each scan takes seconds of
            processor time); below the user's cache folder when empty.
    """

    def __init__(self, timeout_s: float = 120.0, cache: str = "") -> None:
        self._timeout_s = timeout_s
        self._cache = Path(cache) if cache else _user_cache()

    def scan(self, tree: Path, feature: str) -> Sequence[ToolReport]:
        """Scan an exported tree; one report per tool."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room:
            scans = _Scans(
                tree=tree.resolve(),
                feature=feature,
                room=Path(room).resolve(),
                cache=self._cache.resolve(),
                timeout_s=self._timeout_s,
            )
            with ThreadPoolExecutor(2) as pool:
                secrets = pool.submit(report_on, "kingfisher", "kingfisher-bin", scans.secrets)
                calls = pool.submit(report_on, "ruff-security", "ruff", scans.dangerous_calls)
                return (secrets.result(), calls.result())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scans:
    tree: Path
    feature: str
    room: Path
    cache: Path
    timeout_s: float

    def secrets(self) -> Sequence[dict[str, Any]]:
        if next((p for p in self.tree.rglob("*") if p.is_file()), None) is None:
            raise UnavailableError("the tree is empty")
        program = str(Path(sys.executable).parent / "kingfisher")
        options = ["--format", "json", "--redact", "--no-dedup", "--quiet"]
        rules = ["--rule-cache-dir", str(self.cache / "kingfisher")]
        ended = self._run(
            "kingfisher",
            [program, "scan", str(self.tree), *_OFFLINE, *_IGNORES_THE_TREE, *options, *rules],
        )
        output = written_by(ended, known=(0, FOUND_SECRETS))
        results = kingfisher_results(output, self.tree)
        return agreed(ended, results, found=(FOUND_SECRETS,))

    def dangerous_calls(self) -> Sequence[dict[str, Any]]:
        folder = self.tree / "features" / self.feature
        if next(folder.rglob("*.py"), None) is None:
            raise UnavailableError(f"there is no Python file below features/{self.feature}")
        own_rules = ["--isolated", "--no-respect-gitignore", "--config", "exclude = []"]
        options = ["--select", "S", "--per-file-ignores", _TESTS_MAY, "--output-format", "json"]
        ended = self._run(
            "ruff",
            [sys.executable, "-P", "-m", "ruff", "check", "--no-cache", *own_rules, *options, "."],
            cwd=folder,
        )
        return agreed(ended, ruff_results(written_by(ended, known=(0, 1)), self.tree))

    def _run(self, tool: str, command: Sequence[str], cwd: Path | None = None) -> Ended:
        room = self.room / tool
        room.mkdir()
        return run_scrubbed(command, cwd=cwd or room, room=room, timeout_s=self.timeout_s)


def _user_cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "countersign"
