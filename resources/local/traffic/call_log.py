"""Live metrics from the units' call log: counts per release digest and time, and scored pairs.

Calls that no unit answered come from the front door's log: a dead unit cannot log its own calls.
Reports, never judges. A call belongs to the moment it was answered. Its rating counts in the
window in which the call matures, whatever has arrived by then: counting ratings as they arrive
favours the faster kind (docs/methods.md, R11). Read `until` a little in the past: a line is written
just after the moment it names.
"""

from __future__ import annotations

import os
from bisect import bisect_left, insort
from collections import defaultdict
from datetime import UTC, datetime
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from release_assets.domain.live.traffic import CallCounts, ScoredPair
from release_assets.ports import LiveMetrics
from resources.local.router.caddy_config import arms_of
from resources.local.traffic.appended_lines import AppendedLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_GATEWAY_TIMEOUT, _CLIENT_CLOSED = 504, 499
_UNANSWERED = ""


class _Call(NamedTuple):
    """One answered call; a bare tuple, since there are hundreds of thousands of them."""

    at: float
    call: str
    latency_ms: float
    cost_usd: float
    error: bool
    timeout: bool
    refusal: bool


class _DatedPair(NamedTuple):
    at: float
    pair: ScoredPair


class CallLog(LiveMetrics):
    """Counts over the call log, and pairs over the replayer's file.

    Args:
        path: The call log, JSON lines, appended by any number of units.
        pairs: The pairs file of the replayer.
        front: The front door's log of calls that no unit answered, or None.
        maturity_s: Age at which a call's ratings are complete; a rating counts from then on.
    """

    def __init__(
        self, path: str, pairs: str, front: str | None = None, maturity_s: float = 0.0
    ) -> None:
        self._paths = (path, pairs, front or os.devnull)
        self._maturity_s = maturity_s
        self._lock = Lock()
        self._begin()

    @property
    def damaged(self) -> int:
        """How many lines of all files could not be read or understood."""
        return sum(file.damaged for file in self._files) + self._not_understood

    def counts(
        self, release_digest: str, since: datetime, until: datetime, over_ms: Sequence[float]
    ) -> CallCounts:
        """Count calls with `since <= at < until`, also those over each latency of `over_ms`.

        Ratings count when matured.
        """
        start, end = since.timestamp(), until.timestamp()
        with self._lock:
            self._catch_up()
            calls = _between(self._calls_of[release_digest], start, end)
            ratings = self._matured(release_digest, start, end)
        return CallCounts(
            requests=len(calls),
            errors=sum(call.error for call in calls),
            timeouts=sum(call.timeout for call in calls),
            refusals=sum(call.refusal for call in calls),
            feedback_negative=ratings.count("negative"),
            feedback=len(ratings),
            over_ms={limit: sum(call.latency_ms > limit for call in calls) for limit in over_ms},
            costs_usd=tuple(call.cost_usd for call in calls if call.call != _UNANSWERED),
            latencies_ms=tuple(call.latency_ms for call in calls),
        )

    def last_call_at(self, release_digest: str) -> datetime | None:
        """Return when the release last answered a live call."""
        with self._lock:
            self._catch_up()
            at = self._last_answers.get(release_digest)
        return datetime.fromtimestamp(at, UTC) if at else None

    def pairs(
        self, candidate_digest: str, since: datetime, until: datetime
    ) -> Sequence[ScoredPair]:
        """Return the paired replays of sampled calls scored in that time."""
        with self._lock:
            self._catch_up()
            dated = self._pairs_of[candidate_digest]
            return tuple(p.pair for p in _between(dated, since.timestamp(), until.timestamp()))

    def _matured(self, digest: str, start: float, end: float) -> list[str]:
        # Calls that come of age in the window, with their ratings that arrived by its end.
        calls = _between(self._calls_of[digest], start - self._maturity_s, end - self._maturity_s)
        ratings = (self._ratings.get(call.call) for call in calls)
        return [rating for at, rating in filter(None, ratings) if at < end]

    def _begin(self) -> None:
        self._files = tuple(AppendedLines(path) for path in self._paths)
        self._not_understood = 0
        self._calls_of: dict[str, list[_Call]] = defaultdict(list)
        self._pairs_of: dict[str, list[_DatedPair]] = defaultdict(list)
        self._ratings: dict[str, tuple[float, str]] = {}
        self._last_answers: dict[str, float] = {}

    def _catch_up(self) -> None:
        if any(file.is_replaced() for file in self._files):
            self._begin()
        takers = (self._take_event, self._take_pair, self._take_unanswered)
        for file, take in zip(self._files, takers, strict=True):
            self._take(file.rest(), take)

    def _take(
        self, lines: Iterator[dict[str, Any]], take: Callable[[dict[str, Any]], None]
    ) -> None:
        for line in lines:
            try:
                take(line)
            except (KeyError, TypeError, ValueError):
                self._not_understood += 1

    def _take_event(self, line: dict[str, Any]) -> None:
        if line["event"] == "answer_given":
            digest, call = line["release_digest"], _call(line)
            _keep_sorted(self._calls_of[digest], call)
            self._last_answers[digest] = max(call.at, self._last_answers.get(digest, 0.0))
        elif line["event"] == "feedback_given":
            self._ratings[line["call"]] = (_seconds(line["at"]), line["rating"])

    def _take_unanswered(self, line: dict[str, Any]) -> None:
        digest = arms_of(line["arms"])[line["upstream"]]
        _keep_sorted(self._calls_of[digest], _unanswered(line))

    def _take_pair(self, line: dict[str, Any]) -> None:
        _keep_sorted(self._pairs_of[line["candidate_digest"]], _pair(line))


def _call(line: dict[str, Any]) -> _Call:
    # By position: keywords double the time of the first read of a long log.
    return _Call(
        _seconds(line["at"]),
        line["call"],
        float(line["latency_ms"]),
        float(line["cost_usd"]),
        bool(line["error"]),
        bool(line.get("timeout", False)),
        line["behaviour"] == "refuse",
    )


def _unanswered(line: dict[str, Any]) -> _Call:
    """Return a call that no unit answered and that cost nothing; times in the log are seconds."""
    slow, gave_up = line["status"] == _GATEWAY_TIMEOUT, line["status"] == _CLIENT_CLOSED
    return _Call(
        at=float(line["ts"]),
        call=_UNANSWERED,
        latency_ms=1000 * float(line["duration"]),
        cost_usd=0.0,
        error=True,
        timeout=slow or gave_up,
        refusal=False,
    )


def _pair(line: dict[str, Any]) -> _DatedPair:
    at = datetime.fromisoformat(line["at"])
    pair = ScoredPair(
        unit=line["unit"],
        at=at,
        scorer=line["scorer"],
        scorer_version=line["scorer_version"],
        candidate=line["candidate"],
        stable=line["stable"],
        slices=line["slices"],
    )
    return _DatedPair(at=at.timestamp(), pair=pair)


def _seconds(text: str) -> float:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at.timestamp()


def _keep_sorted(items: list[Any], item: Any) -> None:
    # Lines arrive almost in order: several units append, each a little after the moment it names.
    if not items or items[-1].at <= item.at:
        items.append(item)
    else:
        insort(items, item, key=_at)


def _between(items: list[Any], start: float, end: float) -> list[Any]:
    return items[bisect_left(items, start, key=_at) : bisect_left(items, end, key=_at)]


_at = attrgetter("at")
