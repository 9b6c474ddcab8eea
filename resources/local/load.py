"""Sends recorded live questions to the front door at a steady rate, as people would.

    python -m resources.local.load --front URL --questions FILE --rate 30 --seed 1

Loops over the recording with new sessions in each round, gives the recorded ratings, and stops on
SIGTERM. A call that fails has failed: the next one goes out on time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMEOUT_S = 5.0
MOST_IN_FLIGHT = 200


async def send(front: str, questions: Sequence[dict[str, Any]], rate: float, seed: int) -> None:
    """Send until SIGTERM or SIGINT, one call each 1/rate seconds."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    limits = httpx.Limits(max_connections=MOST_IN_FLIGHT)
    async with httpx.AsyncClient(base_url=front, timeout=TIMEOUT_S, limits=limits) as client:
        flight: set[asyncio.Task[None]] = set()
        started = time.monotonic()
        for number, question in enumerate(_forever(questions, seed)):
            if over.is_set():
                break
            if len(flight) < MOST_IN_FLIGHT:
                task = asyncio.create_task(_call(client, question))
                flight.add(task)
                task.add_done_callback(flight.discard)
            await asyncio.sleep(max(0.0, started + (number + 1) / rate - time.monotonic()))
        await asyncio.gather(*flight)


def _forever(questions: Sequence[dict[str, Any]], seed: int) -> Iterator[dict[str, Any]]:
    """The recording over and over; each round in its own order of sessions, with its own ids."""
    chance = random.Random(seed)  # noqa: S311  an order of sessions, not a secret
    by_session = [
        list(calls) for _, calls in itertools.groupby(questions, key=lambda q: q["session"])
    ]
    for number in itertools.count(1):
        chance.shuffle(by_session)
        for calls in by_session:
            yield from ({**call, "session": f"{call['session']}.{number}"} for call in calls)


async def _call(client: httpx.AsyncClient, question: dict[str, Any]) -> None:
    asked = {name: question[name] for name in ("question", "locale", "session")}
    try:
        answer = (await client.post("/ask", json=asked)).json()
        if question.get("feedback"):
            rating = {"call": answer["call"], "rating": question["feedback"]}
            await client.post("/feedback", json=rating)
    except (httpx.HTTPError, ValueError, KeyError):
        return


def main() -> None:
    """Read the command line and send."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--front", required=True)
    words.add_argument("--questions", required=True, type=Path)
    words.add_argument("--rate", required=True, type=float)
    words.add_argument("--seed", required=True, type=int)
    said = words.parse_args()
    lines = said.questions.read_text(encoding="utf-8").splitlines()
    asyncio.run(send(said.front, [json.loads(line) for line in lines], said.rate, said.seed))


if __name__ == "__main__":
    main()
