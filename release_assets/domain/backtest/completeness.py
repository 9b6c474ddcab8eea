"""Whether a recording holds what its plans need; what is missing is reported, and never passes.

Decides from counts alone: both arms, every scorer, one version of each, slices on the scored
answers, both halves of the pairs. Does not know what the scores are (`run.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_assets.domain.backtest.calls import RecordingFacts, RecordingNeeds

TOLERATED = 0.01  # of scored answers without a slice key, and of pairs without their other half


def recording_findings(facts: RecordingFacts, needs: RecordingNeeds) -> tuple[Finding, ...]:
    """Judge whether the recording is complete, before anything is judged by it."""
    arms = _arms(facts)
    if arms.outcome is not Outcome.PASSED:
        return (arms,)
    return (arms, *_scorers(facts, needs), *_slices(facts, needs), *_pairs(facts))


def _arms(facts: RecordingFacts) -> Finding:
    counts = {"candidate": facts.candidate_calls, "stable": facts.stable_calls}
    missing = [arm for arm, count in counts.items() if not count]
    because = f"{facts.candidate_calls} calls of the candidate, {facts.stable_calls} of stable"
    if missing:
        because = f"the recording has no call of the arm '{missing[0]}'; both are compared"
    if missing == ["stable"]:
        because = "the recording has no call of the arm 'stable' since the candidate's first one"
    return _finding("both_arms_are_recorded", not missing, because, n=min(counts.values()))


def _scorers(facts: RecordingFacts, needs: RecordingNeeds) -> Iterator[Finding]:
    for scorer, slo in sorted(needs.scorers.items()):
        pairs, ours, theirs = facts.scored[scorer]
        comparable = pairs + min(ours, theirs)
        because = f"{scorer}: {pairs} paired replays, {ours} other calls of the candidate scored"
        because += f", {theirs} of stable"
        if not comparable:
            because = f"{_lack(scorer, ours, theirs)}, which '{slo}' needs{_others(facts)}"
        yield _finding(
            "every_scorer_is_recorded", comparable > 0, because, n=comparable, scorer=scorer
        )
        yield from _versions(facts, scorer)


def _lack(scorer: str, ours: int, theirs: int) -> str:
    if not ours and not theirs:
        return f"no call has a score of '{scorer}'"
    return f"only the {'candidate' if ours else 'stable'} arm has scores of '{scorer}'"


def _others(facts: RecordingFacts) -> str:
    return f" (scorers recorded: {named(facts.other_scorers)})" if facts.other_scorers else ""


def _versions(facts: RecordingFacts, scorer: str) -> Iterator[Finding]:
    """Judge that one version made all scores, where versions are recorded."""
    found = sorted(facts.versions[scorer])
    if found in ([], [""]):
        return
    because = f"{scorer} {', '.join(version or 'without a version' for version in found)}"
    if len(found) > 1:
        because += ": scores of several versions do not compare; cut the recording where it changed"
    yield _finding("one_scorer_version", len(found) == 1, because, n=len(found), scorer=scorer)


def _slices(facts: RecordingFacts, needs: RecordingNeeds) -> Iterator[Finding]:
    for key, slo in sorted(needs.slices.items()):
        lacking, line = facts.unsliced[key]
        share = lacking / facts.sampled if facts.sampled else 0.0
        because = f"{lacking} of {facts.sampled} scored answers have no slice '{key}'"
        if lacking:
            because += f", which '{slo}' needs (first on line {line})"
        yield _finding(
            "slices_are_recorded", share <= TOLERATED, because, n=facts.sampled, observed=share
        )


def _pairs(facts: RecordingFacts) -> Iterator[Finding]:
    if not facts.pairs and not facts.waiting:
        return
    halves = [call.is_candidate for call in facts.waiting.values()]
    every = facts.pairs + len(halves)
    share = len(halves) / every
    because = f"{facts.pairs} of {plural(every, 'pair')} have both arms"
    if halves:
        first = min(call.line for call in facts.waiting.values())
        because += f"; {sum(halves)} lack stable, {len(halves) - sum(halves)} lack the candidate"
        because += f" (first on line {first})"
    yield _finding("pairs_are_complete", share <= TOLERATED, because, n=every, observed=share)


def _finding(
    rule: str,
    holds: bool,  # noqa: FBT001 - what the rule claims
    because: str,
    *,
    n: int,
    observed: float | None = None,
    scorer: str | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        outcome=Outcome.PASSED if holds else Outcome.INCONCLUSIVE,
        because=because,
        observed=observed,
        limit=None if observed is None else TOLERATED,
        n=n,
        scorer=scorer,
    )
