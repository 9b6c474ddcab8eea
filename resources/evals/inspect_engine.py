"""The `inspect` eval engine: inspect-ai runs the suite, its log is kept, the rows are ours.

inspect-ai brings concurrency, limits, retries and a log with a viewer. Its aggregates never gate
(they drop errored samples from the denominator); each sample carries our rows in its metadata.
Imported late: 3 s of import and 3 s inside the first eval (measured).
"""

from __future__ import annotations

import logging
import os
import ssl
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx

from release_assets.domain.errors import UnavailableError
from release_assets.domain.evals.rows import RowStatus, ScoreRow
from release_assets.ports import EvalEngine
from resources.evals.asking import TIMEOUT_S, approved, ask, rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from release_assets.domain.evals.rows import EvalCase
    from release_assets.ports import Target


class InspectEngine(EvalEngine):
    """Runs a suite as one inspect-ai task; logs go to `log_folder`."""

    def __init__(self, log_folder: str, concurrency: int = 8) -> None:
        self._log_folder, self._concurrency = log_folder, concurrency

    def name_and_version(self) -> str:
        """Return the name and version for the comparability key."""
        return f"inspect-ai-{version('inspect-ai')}"

    def run(self, cases: Sequence[EvalCase], target: Target, repeats: int) -> Sequence[ScoreRow]:
        """Return one row per case, repeat and scorer; raises `UnavailableError`."""
        with _quiet_root_logger(), _settings(self._log_folder):
            return self._run(cases, target, repeats)

    def _run(self, cases: Sequence[EvalCase], target: Target, repeats: int) -> list[ScoreRow]:
        from inspect_ai import Task
        from inspect_ai import eval as inspect_eval
        from inspect_ai.dataset import MemoryDataset, Sample

        by_id = {case.id: case for case in cases}
        task = Task(
            name="suite",
            dataset=MemoryDataset([Sample(id=c.id, input=c.question) for c in cases]),
            solver=self._solver(by_id, target),
            epochs=repeats,
        )
        log = inspect_eval(
            task,
            model=None,
            display="none",
            log_dir=self._log_folder,
            log_realtime=False,
            max_samples=self._concurrency,
            fail_on_error=False,
        )[0]
        if log.status != "success":
            raise UnavailableError(f"inspect-ai ended the suite with '{log.status}': {log.error}")
        return _rows(log.samples or (), cases, target, repeats)

    def _solver(self, cases: dict[str, EvalCase], target: Target) -> Any:
        from inspect_ai.solver import solver

        handbook = approved(target.handbook)

        @solver
        def ask_the_unit() -> Any:
            tls = ssl.create_default_context()  # the slow part of a client; made once

            async def solve(state: Any, _: Any) -> Any:
                case = cases[str(state.sample_id)]
                async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=tls) as client:
                    answer = await ask(client, target.address, case)
                rows = rate(case, answer, state.epoch - 1, target.scorers, handbook)
                state.output.completion = str(answer.body.get("answer", ""))
                state.metadata["rows"] = [asdict(r) | {"status": str(r.status)} for r in rows]
                return state

            return solve

        return ask_the_unit()


def _rows(
    samples: Sequence[Any], cases: Sequence[EvalCase], target: Target, repeats: int
) -> list[ScoreRow]:
    """Read our rows from the log; a sample that inspect lost becomes a missing row."""
    found = {(str(s.id), s.epoch - 1): s.metadata.get("rows") for s in samples}
    rows: list[ScoreRow] = []
    for repeat in range(repeats):
        for case in cases:
            stored = found.get((case.id, repeat))
            rows += map(_row, stored) if stored else _missing(case, repeat, target)
    return rows


def _row(stored: dict[str, Any]) -> ScoreRow:
    return ScoreRow(**stored | {"status": RowStatus(stored["status"])})


def _missing(case: EvalCase, repeat: int, target: Target) -> list[ScoreRow]:
    return [
        ScoreRow(
            case=case.id,
            family=case.family,
            repeat=repeat,
            scorer=name,
            scorer_version=version_,
            status=RowStatus.MISSING,
            score=None,
            slices=case.slices,
            critical=case.critical,
        )
        for name, version_ in sorted(target.scorers.items())
    ]


@contextmanager
def _settings(folder: str) -> Iterator[None]:
    """Keep the screen empty, and inspect's own traces beside its logs, not in a home folder."""
    wanted = {"INSPECT_DISPLAY": "none", "XDG_DATA_HOME": folder}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """Inspect leaves its handler on the root logger; put back what was there."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
