"""Cuts recorded calls into the windows that looks would have seen, in one pass.

Decides what a look of a backtest holds. The ramp begins with the candidate's first call; windows
follow the recorded clock from there, and one without any call is not a look. A rating counts when
it has matured (docs/methods.md, R11). Refuses times that go backwards.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.backtest.calls import ArmCalls, CallWindow, RecordingFacts
from release_assets.domain.backtest.scores import RecordedScores
from release_assets.domain.errors import InputError
from release_assets.domain.live.silence import MISSING_CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from release_assets.domain.backtest.calls import RecordedCall, RecordingNeeds

_BEFORE, _NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class CallWindows:
    """One recording that is cut into windows; `facts` grow meanwhile.

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
        self._ripening: deque[tuple[datetime, RecordedCall]] = deque()
        self._since = self._until = self._last_candidate = _NEVER
        self._latest = _BEFORE
        self._others_since = 0
        self._calls: list[RecordedCall] = []

    def cut(self, calls: Iterable[RecordedCall]) -> Iterator[CallWindow]:
        """Yield windows with at least one call each, in order; written for millions of calls."""
        facts, scores = self.facts, self._scores
        for call in calls:
            at = call.at
            if at >= self._until:
                yield self._window()
                self._move_to(at)
            elif at < self._latest:
                message = f"'at' goes back in time, from {self._latest} to {at}"
                hint = "sort the recording by 'at'"
                raise InputError(message, file=self._file, line=call.line, hint=hint)
            self._latest = at
            if facts.began_at is None and call.is_candidate:
                self._begin(at)
            if facts.began_at is not None:
                self._calls.append(call)
                if call.is_negative is not None:
                    self._ripening.append((at + self._matures_after, call))
            if call.pair is not None or (call.scores and facts.began_at is not None):
                scores.add(call)
        if facts.began_at is not None:
            facts.last_at = self._latest
            yield self._window()

    def _begin(self, at: datetime) -> None:
        """Begin the ramp; before the candidate's first call only half of a pair may come."""
        self.facts.began_at = self._since = at
        self._until = at + self._every

    def _move_to(self, at: datetime) -> None:
        self._since += (at - self._since) // self._every * self._every
        self._until = self._since + self._every

    def _window(self) -> CallWindow:
        ripe = self._ripe()
        calls, self._calls = self._calls, []
        ours, theirs = ([c for c in calls if c.is_candidate is arm] for arm in (True, False))
        self.facts.candidate_calls += len(ours)
        self.facts.stable_calls += len(theirs)
        pairs, scored_calls, scored = self._scores.cut()
        return CallWindow(
            since=self._since,
            until=self._until,
            candidate=_arm(ours, [call for call in ripe if call.is_candidate]),
            stable=_arm(theirs, [call for call in ripe if not call.is_candidate]),
            pairs=pairs,
            calls=scored_calls,
            candidate_scored=scored,
            silence=self._silence(calls),
        )

    def _ripe(self) -> list[RecordedCall]:
        """Return the calls whose ratings matured in this window."""
        ripe = []
        while self._ripening and self._ripening[0][0] < self._until:
            ripe.append(self._ripening.popleft()[1])
        return ripe

    def _silence(self, calls: list[RecordedCall]) -> timedelta:
        """Return the time since the candidate's last call, where that is silence.

        It is silence when the candidate's share of the calls so far predicts several calls since.
        """
        since = next((n for n, call in enumerate(reversed(calls)) if call.is_candidate), None)
        if since is None:
            self._others_since += len(calls)
        else:
            self._others_since, self._last_candidate = since, calls[-1 - since].at
        ours, theirs = self.facts.candidate_calls, self.facts.stable_calls - self._others_since
        share = ours / (ours + theirs)
        is_missing = self._others_since * share > MISSING_CALLS
        return self._until - self._last_candidate if is_missing else timedelta()


def _arm(calls: list[RecordedCall], rated: list[RecordedCall]) -> ArmCalls:
    return ArmCalls(
        requests=len(calls),
        errors=sum(call.error for call in calls),
        timeouts=sum(call.timeout for call in calls),
        refusals=sum(call.refusal for call in calls),
        feedback=len(rated),
        feedback_negative=sum(call.is_negative is True for call in rated),
        latencies_ms=np.asarray([call.latency_ms for call in calls]),
        costs_usd=tuple(call.cost_usd for call in calls if call.cost_usd is not None),
    )
