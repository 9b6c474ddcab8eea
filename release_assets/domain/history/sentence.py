"""The one sentence of a release, clause by clause, generated from entries and from nothing else.

    authored by A (+ prompts by P); reviewed by B, C; signed by D (release manager) for digest X;
    promoted at t; 1 %, 10 %; rolled back at t2 because ...

A clause whose entries are missing is left out, never guessed: a sentence without "signed by" is
about a release that no one signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Outcome
from release_assets.domain.history.ending import WithoutRollout, ending_of
from release_assets.domain.history.gates import gates_of
from release_assets.domain.history.people import people_of
from release_assets.domain.history.reading import (
    moment_in_words,
    number,
    of_kind,
    role_in_words,
    share_in_words,
    with_event,
)
from release_assets.domain.history.signatures import sign_offs_of
from release_assets.domain.history.timeline import act_in_words
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.rollout.machine import RolloutState
from release_assets.domain.sign_off.statement import SignOffDecision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.history.ending import End, Ending
    from release_assets.domain.history.reading import Names
    from release_assets.domain.history.signatures import SignedStatement
    from release_assets.domain.ledger.entries import Entry

_SHOWN_DIGITS = len("sha256:") + 12


def clauses_of(entries: Sequence[Entry], names: Names) -> tuple[str, ...]:
    """Return the parts of the sentence, in order; the last one is how the release ended."""
    ending = ending_of(entries)
    clauses = (
        _adopted(ending),
        *_written(entries, names),
        *_signed(entries, names),
        *_refused(entries, names),
        _promoted(entries),
        _ramped(entries),
        _ended(entries, ending),
    )
    return tuple(clause for clause in clauses if clause)


def _adopted(ending: Ending) -> str:
    if ending.word is not WithoutRollout.ADOPTED or ending.at is None:
        return ""
    return f"adopted as the first stable release at {moment_in_words(ending.at)}: {ending.because}"


def _written(entries: Sequence[Entry], names: Names) -> tuple[str, ...]:
    people = people_of(entries, names)
    prompts = f" (+ prompts by {names.list(people.prompts_by)})" if people.prompts_by else ""
    authored = f"authored by {names.list(people.authored_by)}{prompts}"
    reviewed = f"reviewed by {names.list(people.reviewed_by)}"
    return (authored if people.authored_by else "", reviewed if people.reviewed_by else "")


def _signed(entries: Sequence[Entry], names: Names) -> tuple[str, ...]:
    """Return every yes to this digest in one clause, and each no in one of its own."""
    given = sign_offs_of(entries, names)
    yes = dict.fromkeys(_signatory(s, names) for s in given if s.counts)
    no = [s for s in given if s.decision != SignOffDecision.YES and not s.problem]
    signed = f"signed by {', '.join(yes)} for digest {_digest(given)}" if yes else ""
    return (signed, *(f"rejected by {_signatory(s, names)}" for s in no))


def _digest(given: Sequence[SignedStatement]) -> str:
    digest = next(s.release_digest for s in given if s.counts)
    return (digest or "")[:_SHOWN_DIGITS]


def _signatory(sign_off: SignedStatement, names: Names) -> str:
    return f"{names.name_of(sign_off.person)} ({role_in_words(sign_off.role)})"


def _refused(entries: Sequence[Entry], names: Names) -> tuple[str, ...]:
    return tuple(_refusal(entry, names) for entry in of_kind(entries, EntryKind.REFUSAL))


def _refusal(entry: Entry, names: Names) -> str:
    body = entry.body
    by = f" by {names.name_of(body['person'])}" if body.get("person") else ""
    role = f" ({role_in_words(body['role'])})" if by and body.get("role") else ""
    return f"{act_in_words(body['act'])}{by}{role} refused because {_inner(body['because'])}"


def _promoted(entries: Sequence[Entry]) -> str:
    promoted = with_event(entries, RolloutEvent.PROMOTED)
    return f"promoted at {moment_in_words(promoted[-1].at)}" if promoted else ""


def _ramped(entries: Sequence[Entry]) -> str:
    entered = with_event(entries, RolloutEvent.STAGE_ENTERED)
    shares = [number(e.body.get("traffic_pct")) for e in entered]
    return ", ".join(share_in_words(share) for share in shares if share is not None)


def _ended(entries: Sequence[Entry], ending: Ending) -> str:
    if ending.word is WithoutRollout.OPEN:
        return _stopped(entries)
    at = moment_in_words(ending.at) if ending.at else ""
    reason = f" because {_inner(ending.because)}" if ending.because else ""
    clauses: dict[End, str] = {
        WithoutRollout.REFUSED: "not promoted",
        WithoutRollout.STAGING_ROLLED_BACK: f"rolled back from staging at {at}{reason}",
        RolloutState.RAMPING: "still ramping",
        RolloutState.WATCHING: "still ramping",
        RolloutState.HELD: f"held since {at}{reason}",
        RolloutState.BRAKED: f"taken off traffic at {at}{reason}; not yet rolled back",
        RolloutState.ROLLED_BACK: f"rolled back at {at}{reason}",
        RolloutState.COMPLETE: f"complete at {at}",
    }
    return clauses.get(ending.word, "")


def _stopped(entries: Sequence[Entry]) -> str:
    """Return what keeps an open release from being promoted, if a gate does."""
    verdicts = [(g.gate, g.verdict) for g in gates_of(entries) if g.verdict]
    closed = [(gate, v) for gate, v in verdicts if v.outcome is not Outcome.PASSED]
    if not closed:
        return "not promoted yet"
    gate, verdict = closed[0]
    return f"not promoted: {gate} {verdict.headline}"


def _inner(sentence: str) -> str:
    """Return a reason as part of another sentence: without its outcome and the full stop."""
    for outcome in Outcome:
        sentence = sentence.removeprefix(f"{outcome}: ")
    return sentence.rstrip(". ")
