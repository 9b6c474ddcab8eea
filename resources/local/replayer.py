"""Paired replay: sends sampled live calls to candidate and stable alike, and scores both answers.

    python -m resources.local.replayer --config FILE

The same request through both versions is the strongest evidence a live call can give (statistics
rule 7). The budget is shared equally over locales, since a gap between groups can only be proven
on each (rule 12). Sampled before scoring, by what the call log says; a unit that does not answer
is a score of None, never a call left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from release_assets.domain.errors import AdapterError
from resources.asking import approved
from resources.local.appended_lines import AppendedLines
from resources.local.caddy_router import CaddyRouter
from resources.scorers import SCORERS, Handbook, score

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release_assets.ports import Traffic

TIMEOUT_S = 3.0
TICK_S = 0.1
ROUTER_EVERY_S = 0.5
MOST_AT_ONCE = 8
SCORER = "groundedness"


@dataclass
class Budget:
    """Pairs per second, shared equally over the locales seen; what is not used is not saved up."""

    pairs_per_second: float
    _spent: dict[str, float] = field(default_factory=dict)

    def admit(self, calls: Iterable[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """The calls that the last `seconds` have a budget for, the earliest of each locale."""
        fresh = list(calls)
        for call in fresh:
            self._spent.setdefault(call["locale"], 0.0)
        share = self.pairs_per_second * seconds / max(1, len(self._spent))
        left = {locale: min(debt + share, 2 * share + 1) for locale, debt in self._spent.items()}
        admitted = []
        for call in fresh:
            if left[call["locale"]] >= 1:
                left[call["locale"]] -= 1
                admitted.append(call)
        self._spent = left
        return admitted


class Replayer:
    """Follows the call log and writes scored pairs while the router has a candidate."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._calls = AppendedLines(config["call_log"])
        self._pairs = os.open(config["pairs"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._router = CaddyRouter(config["admin"], front="", folder=config["folder"])
        self._budget = Budget(config["pairs_per_second"])
        files = {name: Path(path).read_bytes() for name, path in config["handbook"].items()}
        self._handbook: Handbook = approved(files)
        self._gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._traffic: Traffic | None = None
        self._asked_router_at = 0.0

    async def run(self, over: asyncio.Event) -> None:
        """Until told to stop."""
        last = time.monotonic()
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            while not over.is_set():
                now = time.monotonic()
                await self._round(client, now - last)
                last = now
                await asyncio.sleep(TICK_S)

    async def _round(self, client: httpx.AsyncClient, seconds: float) -> None:
        calls = [c for c in self._calls.rest() if c.get("event") == "answer_given"]
        traffic = await self._candidate()
        if traffic is None:
            return
        sampled = self._budget.admit(calls, min(seconds, 1.0))
        await asyncio.gather(*(self._pair(client, call, traffic) for call in sampled))

    async def _candidate(self) -> Traffic | None:
        """Router truth, asked twice a second; None without a candidate."""
        if time.monotonic() - self._asked_router_at > ROUTER_EVERY_S:
            self._asked_router_at = time.monotonic()
            try:
                self._traffic = await asyncio.to_thread(self._router.read)
            except AdapterError:
                self._traffic = None
        found = self._traffic
        return found if found and found.candidate_digest else None

    async def _pair(
        self, client: httpx.AsyncClient, call: dict[str, Any], traffic: Traffic
    ) -> None:
        async with self._gate:
            candidate, stable = await asyncio.gather(
                self._score(client, call, str(traffic.candidate_address)),
                self._score(client, call, traffic.stable_address),
            )
        self._write(
            {
                "at": datetime.now(UTC).isoformat(),
                "unit": call["session"],
                "candidate_digest": traffic.candidate_digest,
                "stable_digest": traffic.stable_digest,
                "scorer": SCORER,
                "scorer_version": SCORERS[SCORER],
                "candidate": candidate,
                "stable": stable,
                "slices": {"locale": call["locale"]},
            }
        )

    async def _score(
        self, client: httpx.AsyncClient, call: dict[str, Any], address: str
    ) -> float | None:
        asked = {name: call[name] for name in ("question", "locale", "session")}
        try:
            reply = await client.post(f"{address}/ask", json=asked, headers={"X-Replay": "1"})
            reply.raise_for_status()
            answer = reply.json()
        except (httpx.HTTPError, ValueError):
            return None
        return score(
            SCORER,
            case=None,
            question=call["question"],
            answer=answer["answer"],
            behaviour=answer["behaviour"],
            citations=answer["citations"],
            locale=call["locale"],
            handbook=self._handbook,
        )

    def _write(self, pair: dict[str, Any]) -> None:
        os.write(self._pairs, json.dumps(pair, ensure_ascii=False).encode() + b"\n")


async def follow(config: dict[str, Any]) -> None:
    """Replay until SIGTERM or SIGINT."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await Replayer(config).run(over)


def main() -> None:
    """Read the configuration and follow."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--config", required=True, type=Path)
    asyncio.run(follow(json.loads(words.parse_args().config.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
