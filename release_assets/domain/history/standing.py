"""Where a release is now: the phase it reached, its last verdict, its traffic, and who is awaited.

Read from ledger entries; what the working state adds (the last look of a rollout, whether a change
is merged) is shown but decides nothing (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Outcome
from release_assets.domain.history.ending import WithoutRollout, ending_of
from release_assets.domain.history.gates import gates_of
from release_assets.domain.history.ramp import stages_of, traffic_of
from release_assets.domain.history.reading import (
    CHANGE,
    bound_digest,
    newest_evidence,
    of_kind,
    share_in_words,
)
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.rollout.machine import RolloutState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from release_assets.domain.history.ending import Ending
    from release_assets.domain.history.gates import GateHistory, GivenVerdict
    from release_assets.domain.history.reading import Names
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.people.change import Change
    from release_assets.domain.rollout.machine import Rollout

NOBODY = "nobody"
_PHASES = ("pre_merge", "staging", "sign_off", "canary")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One line about a release.

    `traffic_pct` is its share of production traffic, `since` when it came to where it is,
    `because` the sentence of the last decision about it.
    """

    release: str
    title: str
    phase: str
    ending: Ending
    verdict: str | None
    outcome: Outcome | None
    stage: str | None
    traffic_pct: float
    since: datetime | None
    awaited: str
    because: str

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "release": self.release,
            "title": self.title,
            "phase": self.phase,
            "ended": str(self.ending.word),
            "verdict": self.verdict,
            "outcome": self.outcome,
            "stage": self.stage,
            "traffic_pct": self.traffic_pct,
            "since": self.since.isoformat() if self.since else None,
            "awaited": self.awaited,
            "because": self.because,
        }


def standing_of(
    release: str,
    entries: Sequence[Entry],
    names: Names,
    *,
    change: Change | None = None,
    rollout: Rollout | None = None,
) -> Standing:
    """Return the standing of a release; `entries` are its own, and may be none yet."""
    ending, gates = ending_of(entries), gates_of(entries)
    phase = _phase(ending, gates, change)
    newest = _newest(gates)
    stages, traffic = stages_of(entries, gates), traffic_of(entries, bound_digest(entries))
    return Standing(
        release=release,
        title=_title(entries, change),
        phase=phase,
        ending=ending,
        verdict=newest[0] if newest else None,
        outcome=newest[1].outcome if newest else None,
        stage=stages[-1].stage if stages else None,
        traffic_pct=traffic[-1].traffic_pct if traffic else _adopted_pct(ending),
        since=_since(entries, ending, gates, phase),
        awaited=_awaited(phase, ending, gates, entries, names, change),
        because=rollout.because if rollout and _is_ramping(ending) else ending.because,
    )


def _is_ramping(ending: Ending) -> bool:
    return ending.word in {RolloutState.RAMPING, RolloutState.WATCHING}


def _adopted_pct(ending: Ending) -> float:
    return 100.0 if ending.word is WithoutRollout.ADOPTED else 0.0


def _phase(ending: Ending, gates: Sequence[GateHistory], change: Change | None) -> str:
    """Return the phase of the ending, or the one after the last gate that opened."""
    if ending.phase:
        return ending.phase
    after = [i + 1 for i, name in enumerate(_PHASES) if _is_open(gates, name)]
    reached = _PHASES[min(after[-1], len(_PHASES) - 1)] if after else _PHASES[0]
    waits_for_merge = reached == "staging" and change is not None and not change.is_merged
    return "pre_merge" if waits_for_merge else reached


def _is_open(gates: Sequence[GateHistory], phase: str) -> bool:
    verdict = _verdict(gates, f"{phase}/gate")
    return verdict is not None and verdict.outcome is Outcome.PASSED


def _verdict(gates: Sequence[GateHistory], gate: str) -> GivenVerdict | None:
    return next((g.verdict for g in gates if g.gate == gate), None)


def _newest(gates: Sequence[GateHistory]) -> tuple[str, GivenVerdict] | None:
    given = [(g.gate, g.verdict) for g in gates if g.verdict]
    return max(given, key=lambda pair: pair[1].entry, default=None)


def _title(entries: Sequence[Entry], change: Change | None) -> str:
    if change is not None:
        return change.title
    return str(newest_evidence(entries, CHANGE).get("title", ""))


def _since(
    entries: Sequence[Entry], ending: Ending, gates: Sequence[GateHistory], phase: str
) -> datetime | None:
    """Return the moment that brought it here: of its ending, or of the gate before this phase."""
    if ending.at is not None:
        return ending.at
    before = _PHASES.index(phase) - 1
    opened = _verdict(gates, f"{_PHASES[before]}/gate") if before >= 0 else None
    if opened:
        return opened.at
    return entries[0].at if entries else None


def _awaited(
    phase: str,
    ending: Ending,
    gates: Sequence[GateHistory],
    entries: Sequence[Entry],
    names: Names,
    change: Change | None,
) -> str:
    """Return who has to do something next."""
    match ending.word:
        case RolloutState.RAMPING | RolloutState.WATCHING:
            return _evidence_awaited(entries, gates)
        case RolloutState.HELD:
            return "a person: let it go on, or roll it back"
        case RolloutState.BRAKED:
            return "the pipeline: restoration"
        case WithoutRollout.REFUSED:
            return "a sign-off by another person"
        case WithoutRollout.OPEN:
            return _next_step(phase, gates, names, change)
    return NOBODY


def _evidence_awaited(entries: Sequence[Entry], gates: Sequence[GateHistory]) -> str:
    stages = stages_of(entries, gates)
    if not stages:
        return "the pipeline: the first canary stage"
    return f"live evidence at {share_in_words(stages[-1].traffic_pct)}"


def _next_step(
    phase: str, gates: Sequence[GateHistory], names: Names, change: Change | None
) -> str:
    closed = [g for g in gates if g.phase == phase and _is_closed(g)]
    if phase == "sign_off":
        reasons = [f.because for g in closed if g.verdict for f in g.verdict.findings]
        return reasons[0] if reasons else "a release manager's sign-off"
    if closed:
        author = names.name_of(change.author) if change else "the author"
        return f"{author}: {closed[0].claim.replace('_', ' ')}"
    if phase == "pre_merge" and _is_open(gates, phase):
        return "the merge of the change"
    return "the pipeline"


def _is_closed(gate: GateHistory) -> bool:
    return gate.verdict is not None and gate.verdict.outcome is not Outcome.PASSED


def releases_in(ledger: Sequence[Entry]) -> tuple[str, ...]:
    """Return all releases that the ledger names, in the order of their first entries."""
    kinds = (EntryKind.ADOPTION, EntryKind.CHANGE_SEEN, EntryKind.EVIDENCE, EntryKind.ROLLOUT)
    named = (e.release for e in of_kind(ledger, *kinds))
    return tuple(dict.fromkeys(release for release in named if release))
