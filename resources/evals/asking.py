"""Sends one case to a running unit and rates the reply: the one way that all engines share.

An engine adds concurrency, limits and logs; what a row means is decided here, once: a slow unit is
a timeout, a broken one an error, and an answer that no scorer can rate is unscorable. None of them
leaves the denominator.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from release_assets.domain.evals.rows import RowStatus, ScoreRow
from resources.evals.scorers import Handbook, score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.evals.rows import EvalCase

TIMEOUT_S = 10.0
PASS_FROM = 0.5


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: the body of the reply, or the status that names why there is none."""

    status: RowStatus
    body: Mapping[str, Any]
    latency_ms: float


def approved(files: Mapping[str, bytes]) -> Handbook:
    """Read the approved edition from its files, one per language."""
    return Handbook.from_lines({Path(p).stem: content.decode() for p, content in files.items()})


async def ask(client: httpx.AsyncClient, address: str, case: EvalCase) -> Reply:
    """Send one case; replays are not logged as live traffic."""
    question = {
        "question": case.question,
        "locale": case.slices.get("locale", "en-US"),
        "session": f"eval-{case.id}",
    }
    started = time.perf_counter()
    try:
        reply = await _post(client, f"{address}/ask", question)
        reply.raise_for_status()
        status, body = RowStatus.OK, reply.json()
    except httpx.TimeoutException:
        status, body = RowStatus.TIMEOUT, {}
    except (httpx.HTTPError, ValueError):
        status, body = RowStatus.ERROR, {}
    return Reply(status=status, body=body, latency_ms=(time.perf_counter() - started) * 1000)


async def _post(client: httpx.AsyncClient, url: str, question: dict[str, str]) -> httpx.Response:
    """Post; once more when the connection broke, since an idle one may close at that moment.

    A question changes nothing, so a repetition is safe; a unit that breaks on it breaks twice.
    """
    try:
        return await client.post(url, json=question, headers={"X-Replay": "1"})
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        return await client.post(url, json=question, headers={"X-Replay": "1"})


def rate(
    case: EvalCase, reply: Reply, repeat: int, scorers: Mapping[str, str], handbook: Handbook
) -> list[ScoreRow]:
    """Return one row per scorer; a case without an answer has a row for each, without a score."""
    return [
        _row(case, reply, repeat, name, version, handbook)
        for name, version in sorted(scorers.items())
    ]


def _row(
    case: EvalCase, reply: Reply, repeat: int, scorer: str, version: str, handbook: Handbook
) -> ScoreRow:
    value = _score(case, reply, scorer, handbook) if reply.status is RowStatus.OK else None
    return ScoreRow(
        case=case.id,
        family=case.family,
        repeat=repeat,
        scorer=scorer,
        scorer_version=version,
        status=_status(reply.status, value),
        score=value,
        slices=case.slices,
        critical=case.critical,
        latency_ms=reply.latency_ms,
        cost_usd=reply.body.get("cost_usd"),
    )


def _score(case: EvalCase, reply: Reply, scorer: str, handbook: Handbook) -> float | None:
    return score(
        scorer,
        case=case,
        question=case.question,
        answer=reply.body["answer"],
        behaviour=reply.body["behaviour"],
        citations=reply.body["citations"],
        locale=case.slices.get("locale", "en-US"),
        handbook=handbook,
    )


def _status(status: RowStatus, value: float | None) -> RowStatus:
    if status is not RowStatus.OK:
        return status
    if value is None:
        return RowStatus.UNSCORABLE
    return RowStatus.OK if value >= PASS_FROM else RowStatus.WRONG
