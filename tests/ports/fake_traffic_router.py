"""A traffic router in memory, for tests of everything that moves traffic."""

from __future__ import annotations

from dataclasses import replace

from release_assets.domain.errors import ConflictError, UnavailableError
from release_assets.ports import Traffic, TrafficRouter


class FakeTrafficRouter(TrafficRouter):
    """Shares in memory, with the faults of a real router.

    `lose_next_reply`: the next act happens and its reply is lost. `other_writer`: a traffic that
    somebody else sets just before our next shift. `is_down`: nothing answers.
    """

    def __init__(self, stable_digest: str, stable_address: str) -> None:
        self.traffic = Traffic(
            stable_digest=stable_digest,
            stable_address=stable_address,
            candidate_digest=None,
            candidate_address=None,
            candidate_pct=0.0,
            revision="1",
        )
        self.lose_next_reply = False
        self.is_down = False
        self.other_writer: Traffic | None = None
        self.history: list[float] = []

    def front(self) -> str:
        return "http://front.invalid"

    def read(self) -> Traffic:
        if self.is_down:
            raise UnavailableError("the router is down")
        return self.traffic

    def shift(self, expected: Traffic, to: Traffic) -> Traffic:
        now = self.read()
        if self.other_writer is not None:
            self._set(self.other_writer)
            self.other_writer, now = None, self.traffic
        if _normal(now) == _normal(to):
            return now
        if _normal(now) != _normal(expected):
            raise ConflictError("the router gives other shares than expected")
        return self._set(to)

    def brake(self, release_digest: str) -> Traffic:
        now = self.read()
        if now.candidate_digest == release_digest:
            return self._set(replace(now, candidate_pct=0.0))
        return now

    def _set(self, to: Traffic) -> Traffic:
        revision = str(int(self.traffic.revision) + 1)
        self.traffic = replace(_normal(to), revision=revision)
        self.history.append(self.traffic.candidate_pct)
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise UnavailableError("the reply was lost")
        return self.traffic


def _normal(traffic: Traffic) -> Traffic:
    if traffic.candidate_pct:
        return replace(traffic, revision="")
    return replace(traffic, candidate_digest=None, candidate_address=None, revision="")
