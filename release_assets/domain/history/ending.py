"""Where a release is, on its rollout or without one: one word, with moment and reason.

Read from the newest entry that decides it. What decides among entries is their order in the ledger
and nothing else, so that a later sign-off outweighs a refusal before it, and a rollback outweighs
the canary stages. Where an event leads is read from the table of the rollout machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.rollout.machine import RolloutState, state_after
from release_assets.domain.sign_off.statement import is_yes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry


class WithoutRollout(StrEnum):
    """Where a release can be that has no rollout: not promoted, or stable from the beginning."""

    OPEN = "open"
    REFUSED = "refused"
    STAGING_ROLLED_BACK = "staging_rolled_back"
    ADOPTED = "adopted"


End: TypeAlias = WithoutRollout | RolloutState


class _Meaning(NamedTuple):
    in_words: str
    outcome: Outcome
    phase: str


_W, _S = WithoutRollout, RolloutState
_MEANINGS: dict[End, _Meaning] = {
    _W.OPEN: _Meaning("not promoted yet", Outcome.INCONCLUSIVE, ""),
    _W.REFUSED: _Meaning("refused", Outcome.FAILED, "sign_off"),
    _W.STAGING_ROLLED_BACK: _Meaning("rolled back from staging", Outcome.FAILED, "staging"),
    _W.ADOPTED: _Meaning("adopted", Outcome.PASSED, "canary"),
    _S.RAMPING: _Meaning("on its rollout plan", Outcome.INCONCLUSIVE, "canary"),
    _S.WATCHING: _Meaning("watched at 100 %", Outcome.INCONCLUSIVE, "canary"),
    _S.HELD: _Meaning("held", Outcome.INCONCLUSIVE, "canary"),
    _S.BRAKED: _Meaning("off traffic, not yet rolled back", Outcome.FAILED, "rollback"),
    _S.ROLLED_BACK: _Meaning("rolled back", Outcome.FAILED, "rollback"),
    _S.COMPLETE: _Meaning("complete", Outcome.PASSED, "canary"),
}
# What the table of the machine does not have: how a rollout begins, and what moves none.
_BESIDE_THE_TABLE: dict[RolloutEvent, End] = {
    RolloutEvent.PROMOTED: _S.RAMPING,
    RolloutEvent.STAGE_PROVEN: _S.RAMPING,
    RolloutEvent.STAGING_ROLLED_BACK: _W.STAGING_ROLLED_BACK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The word, since when, and why; `reaction_s` from breach to brake, where it was recorded."""

    word: End
    at: datetime | None = None
    because: str = ""
    reaction_s: str | None = None

    @property
    def in_words(self) -> str:
        """Return the word as a sentence or a table has it."""
        return _MEANINGS[self.word].in_words

    @property
    def outcome(self) -> Outcome:
        """Return whether this is good, bad or not known yet."""
        return _MEANINGS[self.word].outcome

    @property
    def phase(self) -> str:
        """Return the phase that it belongs to; empty for a release that is still open."""
        return _MEANINGS[self.word].phase

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "word": str(self.word),
            "at": self.at.isoformat() if self.at else None,
            "because": self.because,
            "reaction_s": self.reaction_s,
        }


def ending_of(entries: Sequence[Entry]) -> Ending:
    """Return where the newest decisive entry put the release."""
    found = Ending(word=_W.OPEN)
    for entry in entries:
        if (word := _word(entry)) is not None:
            found = _ending(entry, word, found)
    return found


def _word(entry: Entry) -> End | None:
    """Return where an entry puts the release; None when it decides nothing about that."""
    match entry.kind:
        case EntryKind.ADOPTION:
            return _W.ADOPTED
        case EntryKind.REFUSAL:
            return _W.REFUSED if entry.body["act"] in {"sign_off", "promote"} else None
        case EntryKind.SIGN_OFF:
            return _W.OPEN if is_yes(entry.body) else _W.REFUSED
        case EntryKind.ROLLOUT if entry.event:
            return _BESIDE_THE_TABLE.get(entry.event) or state_after(entry.event)
    return None


def _ending(entry: Entry, word: End, before: Ending) -> Ending:
    """Apply an entry: a refusal undoes no promotion, a rollback keeps the reason of its breach."""
    was_moved = before.word is _W.STAGING_ROLLED_BACK or isinstance(before.word, RolloutState)
    if was_moved and word in {_W.REFUSED, _W.OPEN}:
        return before
    kept = before if word is _S.ROLLED_BACK else Ending(word=word)
    reaction = entry.body.get("reaction_s")
    return Ending(
        word=word,
        at=entry.at,
        because=kept.because or entry.body.get("because", ""),
        reaction_s=kept.reaction_s if reaction is None else str(reaction),
    )
