"""Paired replay: sends sampled live calls to candidate and stable alike, and scores both answers.

    python -m resources.local.traffic.replayer --config FILE

The same request through both versions is the strongest evidence a live call can give
(docs/methods.md, R7). The budget is shared equally over locales, since a gap between groups can
only be proven on each (docs/methods.md, R12). Calls are sampled from the call log before scoring,
one of each session (docs/methods.md, R8); a unit that does not answer is a score of None, never a
call left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from release_assets.domain.errors import AdapterError
from resources.clock import SystemClock
from resources.evals.asking import approved
from resources.evals.scorers import SCORERS, Handbook, score
from resources.local.router.caddy import CaddyRouter
from resources.local.traffic.appended_lines import AppendedLines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release_assets.ports import Traffic

TIMEOUT_S = 3.0
TICK_S = 0.1
ROUTER_EVERY_S = 0.5
MOST_AT_ONCE = 8
MOST_OWED_S = 5.0
MOST_SESSIONS = 10_000
SCORER = "groundedness"


class Budget:
    """Pairs per second, shared equally over the locales as far as each has calls to give.

    A locale with few calls has them all replayed and the others share the rest; what is not used
    is saved up for a second, and no locale is owed more than a few seconds.
    """

    def __init__(self, pairs_per_second: float) -> None:
        self._rate = pairs_per_second
        self._saved = 0.0
        self._given: dict[str, float] = {}

    def admit(self, calls: Iterable[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """Return the calls that fit the budget after `seconds` more; the earliest come first."""
        self._saved = min(self._saved + self._rate * seconds, max(1.0, self._rate))
        waiting = _by_locale(calls)
        least = min(self._given.values(), default=0.0)
        self._given = dict.fromkeys(waiting, least) | self._given
        admitted = []
        while self._saved >= 1 and waiting:
            locale = min(waiting, key=self._given.__getitem__)
            admitted.append(waiting[locale].popleft())
            self._given[locale] += 1
            self._saved -= 1
            waiting = {name: queue for name, queue in waiting.items() if queue}
        self._forget_old_debts()
        return admitted

    def _forget_old_debts(self) -> None:
        floor = max(self._given.values(), default=0.0) - self._rate * MOST_OWED_S
        self._given = {locale: max(given, floor) for locale, given in self._given.items()}


class Sessions:
    """Each session gives one call to replay: its calls are alike, so more would count it twice.

    Remembers the last `most` sessions that gave theirs (docs/methods.md, R8).
    """

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._given: dict[str, None] = {}
        self._most = most

    def waiting(self, calls: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the first call of each session that has given none yet."""
        first: dict[str, dict[str, Any]] = {}
        for call in calls:
            if call["session"] not in self._given:
                first.setdefault(call["session"], call)
        return list(first.values())

    def give(self, calls: Iterable[dict[str, Any]]) -> None:
        """Note the sessions of calls that are replayed."""
        self._given |= dict.fromkeys(call["session"] for call in calls)
        while len(self._given) > self._most:
            del self._given[next(iter(self._given))]


def _by_locale(calls: Iterable[dict[str, Any]]) -> dict[str, deque[dict[str, Any]]]:
    waiting: dict[str, deque[dict[str, Any]]] = {}
    for call in calls:
        waiting.setdefault(call["locale"], deque()).append(call)
    return waiting


class Replayer:
    """Follows the call log and writes scored pairs while the router has a candidate."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._calls = AppendedLines(config["call_log"])
        self._calls.skip_to_end()  # calls from before the start belong to no candidate of now
        self._pairs = os.open(config["pairs"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._router = CaddyRouter(config["admin"], front="", folder=config["folder"])
        self._budget, self._sessions = Budget(config["pairs_per_second"]), Sessions()
        files = {name: Path(path).read_bytes() for name, path in config["handbook"].items()}
        self._handbook: Handbook = approved(files)
        self._gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._traffic: Traffic | None = None
        self._asked_router_at = 0.0

    async def run(self, over: asyncio.Event) -> None:
        """Replay until `over` is set."""
        last = time.monotonic()
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
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
        sampled = self._budget.admit(self._sessions.waiting(calls), min(seconds, 1.0))
        self._sessions.give(sampled)
        await asyncio.gather(*(self._pair(client, call, traffic) for call in sampled))

    async def _candidate(self) -> Traffic | None:
        """Return the router's shares, read twice a second; None without a candidate."""
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
        candidate = (str(traffic.candidate_address), str(traffic.candidate_digest))
        stable = (traffic.stable_address, traffic.stable_digest)
        async with self._gate:
            scores = await asyncio.gather(
                *(self._score(client, call, *arm) for arm in (candidate, stable))
            )
        self._write(
            {
                "at": SystemClock().now().isoformat(),
                "unit": call["session"],
                "candidate_digest": traffic.candidate_digest,
                "stable_digest": traffic.stable_digest,
                "scorer": SCORER,
                "scorer_version": SCORERS[SCORER],
                "candidate": scores[0],
                "stable": scores[1],
                "slices": {"locale": call["locale"]},
            }
        )

    async def _score(
        self, client: httpx.AsyncClient, call: dict[str, Any], address: str, digest: str
    ) -> float | None:
        """None when the unit does not answer, or when another unit answers in its place."""
        asked = {name: call[name] for name in ("question", "locale", "session")}
        try:
            reply = await client.post(f"{address}/ask", json=asked, headers={"X-Replay": "1"})
            answer = reply.raise_for_status().json()
            if answer["release_digest"] != digest:
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
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None

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
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--config", required=True, type=Path)
    asyncio.run(follow(json.loads(arguments.parse_args().config.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
