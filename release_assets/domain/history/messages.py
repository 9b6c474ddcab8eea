"""Refusals, notices and drifts of a release: entries that are shown one by one, as written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Finding
from release_assets.domain.history.reading import of_kind
from release_assets.domain.ledger.kinds import EntryKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An attempt that the rules refused; kept as evidence too (NIST SP 800-53 CM-5(1))."""

    entry: int
    at: datetime
    act: str
    person: str | None
    role: str | None
    because: str
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A notice to people, or a drift that was found; `channel` is None for a drift."""

    entry: int
    at: datetime
    channel: str | None
    headline: str
    text: str

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


def refusals_of(entries: Sequence[Entry]) -> tuple[Refusal, ...]:
    """Return all refusals, in order."""
    return tuple(
        Refusal(
            entry=entry.seq,
            at=entry.at,
            act=entry.body["act"],
            person=entry.body.get("person"),
            role=entry.body.get("role"),
            because=entry.body["because"],
            findings=tuple(Finding.read(f) for f in entry.body.get("findings", ())),
        )
        for entry in of_kind(entries, EntryKind.REFUSAL)
    )


def notices_of(entries: Sequence[Entry]) -> tuple[Message, ...]:
    """Return all notices, in order."""
    return _messages(entries, EntryKind.NOTICE)


def drifts_of(entries: Sequence[Entry]) -> tuple[Message, ...]:
    """Return all differences found between what runs and what was signed off, in order."""
    return _messages(entries, EntryKind.DRIFT)


def _messages(entries: Sequence[Entry], kind: EntryKind) -> tuple[Message, ...]:
    return tuple(
        Message(
            entry=entry.seq,
            at=entry.at,
            channel=entry.body.get("channel"),
            headline=entry.body.get("headline") or entry.body.get("because", ""),
            text=entry.body.get("text", ""),
        )
        for entry in of_kind(entries, kind)
    )
