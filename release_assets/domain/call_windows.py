"""Cuts recorded calls into the windows that looks would have seen, in one pass.

Decides what a look of a backtest holds. The ramp begins with the candidate's first call; windows
follow the recorded clock from there, and one without any call is no look. A rating counts when it
has matured (statistics rule 11). Refuses times that go backwards.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.errors import InputError
from release_assets.domain.recorded_calls import ArmCalls, CallWindow, RecordingFacts
from release_assets.domain.recorded_scores import RecordedScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from release_assets.domain.recorded_calls import RecordedCall, RecordingNeeds

_MISSING = 20.0  # candidate calls that its share of the traffic would have brought: chance e^-20
_NEVER = datetime.max.replace(tzinfo=UTC)


class CallWindows:
    """One recording on its way into windows; `facts` grow meanwhile.

    Args:
        needs: What the plans ask for; other scorers are not gathered.
        every: The length of a window.
        matures_after: Age at which a rating counts.
        file: The recording, as the person named it.
    """

    def __init__(
        self, needs: RecordingNeeds, *, every: timedelta, matures_after: timedelta, file: str
    ) -> None:
        self.facts = RecordingFacts.of(needs)
        self._every, self._matures_after, self._file = every, matures_after, file
        self._scores = RecordedScores(needs, self.facts, file=file)
        self._ripening: deque[tuple[datetime, bool, bool]] = deque()
        self._since = self._until = self._last_candidate = _NEVER
        self._others_since = 0
        self._arms = _Arm(), _Arm()

    def cut(self, calls: Iterable[RecordedCall]) -> Iterator[CallWindow]:
        """Windows with at least one call each, in order."""
        facts = self.facts
        for call in calls:
            self._require_order(call)
            if facts.began_at is None:
                self._wait_for_the_candidate(call)
            elif call.at >= self._until:
                yield self._window()
                self._move_to(call.at)
            if facts.began_at is not None:
                self._take(call)
        if facts.began_at is not None:
            yield self._window()

    def _require_order(self, call: RecordedCall) -> None:
        before = self.facts.last_at
        if before is not None and call.at < before:
            told, hint = f"goes back in time, from {before} to {call.at}", "sort by 'at'"
            raise InputError(told, file=self._file, line=call.line, hint=hint)
        self.facts.last_at = call.at

    def _wait_for_the_candidate(self, call: RecordedCall) -> None:
        """Before the candidate's first call nothing ramps; half of a pair may come early."""
        if call.is_candidate:
            self.facts.began_at = self._since = call.at
            self._until = call.at + self._every
        elif call.pair is not None:
            self._scores.add(call)

    def _move_to(self, at: datetime) -> None:
        self._since += (at - self._since) // self._every * self._every
        self._until = self._since + self._every

    def _take(self, call: RecordedCall) -> None:
        if call.is_candidate:
            self.facts.candidate_calls += 1
            self._last_candidate, self._others_since = call.at, 0
        else:
            self.facts.stable_calls += 1
            self._others_since += 1
        self._arms[call.is_candidate].add(call)
        if call.is_negative is not None:
            matures_at = call.at + self._matures_after
            self._ripening.append((matures_at, call.is_candidate, call.is_negative))
        self._scores.add(call)

    def _window(self) -> CallWindow:
        while self._ripening and self._ripening[0][0] < self._until:
            _, is_candidate, is_negative = self._ripening.popleft()
            self._arms[is_candidate].rate(is_negative=is_negative)
        stable, candidate = (arm.cut() for arm in self._arms)
        self._arms = _Arm(), _Arm()
        pairs, calls, scored = self._scores.cut()
        return CallWindow(
            since=self._since,
            until=self._until,
            candidate=candidate,
            stable=stable,
            pairs=pairs,
            calls=calls,
            candidate_scored=scored,
            silence=self._silence(),
        )

    def _silence(self) -> timedelta:
        """Time since the candidate's last call, when stable's calls since say it is missing."""
        share = self.facts.candidate_calls / (self.facts.candidate_calls + self.facts.stable_calls)
        is_missing = self._others_since * share > _MISSING
        return self._until - self._last_candidate if is_missing else timedelta()


class _Arm:
    """Gathers the calls of one arm until the window is cut."""

    def __init__(self) -> None:
        self._latencies: list[float] = []
        self._costs: list[float] = []
        self._errors = self._timeouts = self._refusals = 0
        self._ratings = self._negative = 0

    def add(self, call: RecordedCall) -> None:
        self._latencies.append(call.latency_ms)
        if call.cost_usd is not None:
            self._costs.append(call.cost_usd)
        self._errors += call.error
        self._timeouts += call.timeout
        self._refusals += call.refusal

    def rate(self, *, is_negative: bool) -> None:
        self._ratings += 1
        self._negative += is_negative

    def cut(self) -> ArmCalls:
        return ArmCalls(
            requests=len(self._latencies),
            errors=self._errors,
            timeouts=self._timeouts,
            refusals=self._refusals,
            feedback=self._ratings,
            feedback_negative=self._negative,
            latencies_ms=np.asarray(self._latencies),
            costs_usd=tuple(self._costs),
        )
