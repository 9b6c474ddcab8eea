"""The `direct` eval engine: bounded concurrent HTTP and nothing else.

For the benchmark, smoke suites and tests, where an engine's start-up would cost more than the
suite (measured: 3.5 ms a case against 15 ms and six seconds of start).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from release_assets.ports import EvalEngine
from resources.evals.asking import TIMEOUT_S, approved, ask, rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evals.rows import EvalCase, ScoreRow
    from release_assets.ports import Target


class DirectEngine(EvalEngine):
    """Sends `concurrency` cases at a time."""

    def __init__(self, concurrency: int = 8) -> None:
        self._concurrency = concurrency

    def run(self, cases: Sequence[EvalCase], target: Target, repeats: int) -> Sequence[ScoreRow]:
        """Return one row per case, repeat and scorer."""
        return asyncio.run(self._run(cases, target, repeats))

    def name_and_version(self) -> str:
        """Return the name and version for the comparability key."""
        return f"direct-httpx-{httpx.__version__}"

    async def _run(
        self, cases: Sequence[EvalCase], target: Target, repeats: int
    ) -> Sequence[ScoreRow]:
        handbook, gate = approved(target.handbook), asyncio.Semaphore(self._concurrency)

        async def one(client: httpx.AsyncClient, case: EvalCase, repeat: int) -> list[ScoreRow]:
            async with gate:
                answer = await ask(client, target.address, case)
            return rate(case, answer, repeat, target.scorers, handbook)

        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            asked = [one(client, case, n) for n in range(repeats) for case in cases]
            return [row for rows in await asyncio.gather(*asked) for row in rows]
