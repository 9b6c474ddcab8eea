"""Sends recorded live questions to the front address at a steady rate, as people would.

    python -m release_assets.demo.load --front URL --questions FILE --rate 30 --seed 1

Loops over the recording with new sessions in each round, gives the recorded ratings, and stops on
SIGTERM, when it prints how many calls it sent and how they were answered. A call that fails has
failed: the next one goes out on time. Only a connection that was closed before an answer, as a
change of traffic shares may do, is tried again. Knows nothing of releases.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMEOUT_S = 5.0
IN_FLIGHT_AT_MOST = 200
TRIES_AT_MOST = 3


async def send(
    front: str, questions: Sequence[dict[str, Any]], rate: float, seed: int
) -> Counter[str]:
    """Send until SIGTERM or SIGINT, one call each 1/rate seconds; returns counts by outcome."""
    seen: Counter[str] = Counter()
    over = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, over.set)
    limits = httpx.Limits(max_connections=IN_FLIGHT_AT_MOST)
    async with httpx.AsyncClient(
        base_url=front, timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as client:
        flight: set[asyncio.Task[None]] = set()
        started = time.monotonic()
        for number, question in enumerate(_forever(questions, seed)):
            if over.is_set():
                break
            seen["sent" if len(flight) < IN_FLIGHT_AT_MOST else "held_back"] += 1
            if len(flight) < IN_FLIGHT_AT_MOST:
                task = asyncio.create_task(_call(client, question, seen))
                flight.add(task)
                task.add_done_callback(flight.discard)
            await asyncio.sleep(max(0.0, started + (number + 1) / rate - time.monotonic()))
        await asyncio.gather(*flight)
    return seen


def _forever(questions: Sequence[dict[str, Any]], seed: int) -> Iterator[dict[str, Any]]:
    """Yield the recording over and over, each round with its own order and ids of sessions."""
    chance = random.Random(seed)  # noqa: S311  an order of sessions, not a secret
    by_session = [
        list(calls) for _, calls in itertools.groupby(questions, key=lambda q: q["session"])
    ]
    for number in itertools.count(1):
        chance.shuffle(by_session)
        for calls in by_session:
            yield from ({**call, "session": f"{call['session']}.{number}"} for call in calls)


async def _call(client: httpx.AsyncClient, question: dict[str, Any], seen: Counter[str]) -> None:
    asked = {name: question[name] for name in ("question", "locale", "session")}
    try:
        answer = (await _post(client, "/ask", asked, seen)).json()
        seen["answered"] += 1
        if question.get("feedback"):
            rating = {"call": answer["call"], "rating": question["feedback"]}
            await _post(client, "/feedback", rating, seen)
            seen["rated"] += 1
    except (httpx.HTTPError, ValueError, KeyError):
        seen["failed"] += 1


async def _post(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], seen: Counter[str]
) -> httpx.Response:
    for _ in range(TRIES_AT_MOST - 1):
        with suppress(httpx.RemoteProtocolError, httpx.ReadError):
            return (await client.post(path, json=body)).raise_for_status()
        seen["asked_again"] += 1
    return (await client.post(path, json=body)).raise_for_status()


def main() -> None:
    """Read the command line and send."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--front", required=True)
    parser.add_argument("--questions", required=True, type=Path)
    parser.add_argument("--rate", required=True, type=float)
    parser.add_argument("--seed", required=True, type=int)
    options = parser.parse_args()
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    counts = asyncio.run(send(options.front, questions, options.rate, options.seed))
    sys.stdout.write(f"{json.dumps(counts, sort_keys=True)}\n")


if __name__ == "__main__":
    main()
