"""Scores of a recording: paired replays found by their `pair` id, the others as two-arm calls.

Decides what belongs together: two calls with the same pair id, one on each arm, are one request
answered twice; a scorer that scored only one of them left a score missing, which is never dropped.
Refuses a pair id that comes twice on one arm. Knows no time and no limit.

Memory is that of the pairs that wait, and the name of each pair seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError
from release_assets.domain.live.traffic import ScoredCall, ScoredPair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.backtest.calls import RecordedCall, RecordingFacts, RecordingNeeds

MOST_WAITING = 200_000  # halves of pairs; more means that the arms were not recorded side by side
_MOST_OTHERS = 20


class RecordedScores:
    """Gathers the scored pairs and calls of one window; `facts` grow meanwhile."""

    def __init__(self, needs: RecordingNeeds, facts: RecordingFacts, *, file: str) -> None:
        self._facts, self._file = facts, file
        self._scorers, self._judged = tuple(sorted(needs.scorers)), frozenset(needs.scorers)
        self._done: set[str] = set()
        self._empty()

    def _empty(self) -> None:
        self._pairs: list[ScoredPair] = []
        self._calls: list[ScoredCall] = []
        self._candidates = 0

    def cut(self) -> tuple[tuple[ScoredPair, ...], tuple[ScoredCall, ...], int]:
        """Return what was gathered since the last cut, and how many candidate answers it holds."""
        found = tuple(self._pairs), tuple(self._calls), self._candidates
        self._empty()
        return found

    def add(self, call: RecordedCall) -> None:
        """Take in the scores of one call; the first half of a pair waits for the second."""
        pair, waiting = call.pair, self._facts.waiting
        if pair is None:
            self._add_call(call)
        elif (other := waiting.pop(pair, None)) is None:
            self._wait(call, pair)
        elif other.is_candidate is call.is_candidate:
            message = f"duplicate pair '{pair}' on one arm, first on line {other.line}"
            raise self._error(call, message, "a pair has one call of each arm")
        else:
            self._done.add(pair)
            candidate, stable = (call, other) if call.is_candidate else (other, call)
            self._match(candidate, stable, call)

    def _wait(self, call: RecordedCall, pair: str) -> None:
        if pair in self._done:
            message = f"duplicate pair '{pair}', which has both its calls already"
            raise self._error(call, message, "give each pair an id of its own")
        self._facts.waiting[pair] = call
        if len(self._facts.waiting) > MOST_WAITING:
            message = f"more than {MOST_WAITING} pairs wait for their other arm"
            raise self._error(call, message, "sort the recording by 'at', so that pairs are close")

    def _match(self, candidate: RecordedCall, stable: RecordedCall, last: RecordedCall) -> None:
        slices = candidate.slices or stable.slices
        if stable.slices and stable.slices != slices:
            sides = f"{dict(stable.slices)} on stable and {dict(slices)} on the candidate"
            message = f"pair '{last.pair}' has the slices {sides}"
            raise self._error(last, message, "a pair is one request, so its slices are the same")
        self._facts.pairs += 1
        ours, theirs = candidate.scores, stable.scores
        for scorer in (known := self._known({**ours, **theirs})):
            self._facts.scored[scorer][0] += 1
            version = self._version(scorer, candidate, stable)
            if version is None:  # two scorers do not compare, and no pass comes of it
                continue
            pair = ScoredPair(
                unit=candidate.unit,
                at=last.at,
                scorer=scorer,
                scorer_version=version,
                candidate=ours.get(scorer),
                stable=theirs.get(scorer),
                slices=slices,
            )
            self._pairs.append(pair)
        if known:
            self._note(candidate, slices, last.line)

    def _add_call(self, call: RecordedCall) -> None:
        for scorer in (known := self._known(call.scores)):
            self._facts.scored[scorer][1 if call.is_candidate else 2] += 1
            one = ScoredCall(
                unit=call.unit,
                at=call.at,
                scorer=scorer,
                scorer_version=self._version(scorer, call, call) or "",
                is_candidate=call.is_candidate,
                score=call.scores[scorer],
                slices=call.slices,
            )
            self._calls.append(one)
        if known:
            self._note(call, call.slices, call.line)

    def _known(self, scores: Mapping[str, float | None]) -> list[str]:
        """Return the scorers that a plan judges; keep some names of the others for the report."""
        others = self._facts.other_scorers
        if not scores.keys() <= self._judged and len(others) < _MOST_OTHERS:
            others |= scores.keys() - self._judged
        return [scorer for scorer in self._scorers if scorer in scores]

    def _version(self, scorer: str, one: RecordedCall, other: RecordedCall) -> str | None:
        """Return the one version that scored both calls; None when there are two."""
        versions = self._facts.versions[scorer]
        if not (one.versions or other.versions):
            versions.add("")
            return ""
        found = {c.versions.get(scorer, "") for c in (one, other) if scorer in c.scores}
        versions |= found
        return found.pop() if len(found) == 1 else None

    def _note(self, call: RecordedCall, slices: Mapping[str, str], line: int) -> None:
        self._facts.sampled += 1
        if call.is_candidate:
            self._candidates += any(call.scores.get(s) is not None for s in self._scorers)
        for key, unsliced in self._facts.unsliced.items():
            if key not in slices:
                unsliced[:] = unsliced[0] + 1, unsliced[1] or line

    def _error(self, call: RecordedCall, message: str, hint: str) -> InputError:
        return InputError(message, file=self._file, line=call.line, hint=hint)
