"""How a release ended, or where it stands while it has not: one word, with moment and reason.

Read from the newest entry that decides it. Precedence among entries is their order in the ledger
and nothing else, so that a later sign-off outweighs a refusal before it, and a rollback a ramp.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Outcome
from release_assets.domain.history.signatures import YES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry


class End(StrEnum):
    """The ends of a release, and the places where it can be before one."""

    OPEN = "open"
    REFUSED = "refused"
    STAGING_ROLLED_BACK = "staging_rolled_back"
    RAMPING = "ramping"
    HELD = "held"
    BRAKED = "braked"
    ROLLED_BACK = "rolled_back"
    COMPLETE = "complete"
    ADOPTED = "adopted"

    @property
    def spoken(self) -> str:
        """The word in a sentence."""
        return _SPOKEN[self]

    @property
    def outcome(self) -> Outcome:
        """Passed, failed, or not known yet."""
        if self in {End.COMPLETE, End.ADOPTED}:
            return Outcome.PASSED
        undecided = {End.OPEN, End.RAMPING, End.HELD}
        return Outcome.INCONCLUSIVE if self in undecided else Outcome.FAILED


_SPOKEN = {
    End.OPEN: "not promoted yet",
    End.REFUSED: "refused",
    End.STAGING_ROLLED_BACK: "rolled back from staging",
    End.RAMPING: "on its rollout plan",
    End.HELD: "held",
    End.BRAKED: "off traffic, not yet rolled back",
    End.ROLLED_BACK: "rolled back",
    End.COMPLETE: "complete",
    End.ADOPTED: "adopted",
}
_EVENTS = {
    "promoted": End.RAMPING,
    "stage_entered": End.RAMPING,
    "stage_proven": End.RAMPING,
    "held": End.HELD,
    "breached": End.BRAKED,
    "rolled_back": End.ROLLED_BACK,
    "completed": End.COMPLETE,
    "staging_rolled_back": End.STAGING_ROLLED_BACK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The word, since when, and why; `reaction_s` from breach to brake, where it was recorded."""

    word: End
    at: datetime | None = None
    because: str = ""
    reaction_s: str | None = None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "word": str(self.word),
            "at": self.at.isoformat() if self.at else None,
            "because": self.because,
            "reaction_s": self.reaction_s,
        }


def ending_of(entries: Sequence[Entry]) -> Ending:
    """Where the newest decisive entry put the release."""
    found = Ending(word=End.OPEN)
    for entry in entries:
        if (word := _word(entry)) is not None:
            found = _ending(entry, word, found)
    return found


def _word(entry: Entry) -> End | None:
    """What an entry makes of the release; None when it decides nothing about that."""
    match entry.kind:
        case "adoption":
            return End.ADOPTED
        case "refusal":
            return End.REFUSED if entry.body["act"] in {"sign_off", "promote"} else None
        case "sign_off":
            said = entry.body.get("statement", {}).get("predicate", {})
            return End.OPEN if said.get("decision") == YES else End.REFUSED
        case "rollout":
            return _EVENTS.get(entry.body.get("event", ""))
    return None


def _ending(entry: Entry, word: End, before: Ending) -> Ending:
    """A promoted release is not un-promoted by a refusal; a rollback keeps the breach's reason."""
    if word in {End.REFUSED, End.OPEN} and before.word in _EVENTS.values():
        return before
    kept = before if word is End.ROLLED_BACK else Ending(word=word)
    reaction = entry.body.get("reaction_s")
    return Ending(
        word=word,
        at=entry.at,
        because=kept.because or entry.body.get("because", ""),
        reaction_s=kept.reaction_s if reaction is None else str(reaction),
    )
