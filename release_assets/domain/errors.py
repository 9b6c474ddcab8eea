"""The family tree of errors; every message names what to do next, where it can.

ReleaseError
├── InputError              what a person wrote cannot be read (exit 2)
│   └── UnknownWordError    a word that its place does not allow; names the nearest one
├── RefusedError            the rules forbid the act; carries the findings (exit 1)
├── EmptyGateError          a gate without findings: nothing was judged, so nothing passed
├── IllegalTransitionError  the rollout machine has no transition for this event and state
├── LedgerError             the ledger is damaged, or an entry does not fit it
└── AdapterError            a port's other side; mapped once per adapter, `from exc`
    ├── UnavailableError    it did not answer; trying again later may help
    ├── ConflictError       another writer was first; read again before acting
    └── NotFoundError       it answered that there is no such thing
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release_assets.domain.finding import Finding


class ReleaseError(Exception):
    """Any refusal or failure of Countersign's own; `kind` names it in JSON documents."""

    kind = "error"


class InputError(ReleaseError):
    """What a person wrote cannot be read.

    Args:
        message: What is wrong, in one sentence.
        file: The file as the person named it, or None.
        line: The 1-based line in that file, or None.
        hint: What to do next.
    """

    kind = "input"

    def __init__(
        self, message: str, *, file: str | None = None, line: int | None = None, hint: str = ""
    ) -> None:
        self.message, self.file, self.line, self.hint = message, file, line, hint
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UnknownWordError(InputError):
    """A word that its place does not allow."""

    kind = "unknown_word"

    def __init__(
        self, word: str, known: Iterable[str], *, file: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(f"unknown word '{word}'", file=file, line=line, hint=nearest(word, known))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint that names the known word nearest to one; empty when none is known."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.0)
    return f"did you mean '{near[0]}'?" if near else ""


class RefusedError(ReleaseError):
    """The rules forbid the act; `findings` hold which and why."""

    kind = "refused"

    def __init__(self, message: str, findings: Iterable[Finding] = ()) -> None:
        self.findings = tuple(findings)
        super().__init__(message)


class EmptyGateError(ReleaseError):
    """A gate without findings."""

    kind = "empty_gate"


class IllegalTransitionError(ReleaseError):
    """The rollout machine has no transition for this event in this state; nothing moved."""

    kind = "illegal_transition"


class LedgerError(ReleaseError):
    """The ledger is damaged, or an entry does not fit it; `entry` is the first bad one."""

    kind = "ledger"

    def __init__(self, message: str, *, entry: int | None = None) -> None:
        self.entry = entry
        super().__init__(message)


class AdapterError(ReleaseError):
    """The other side of a port failed."""

    kind = "adapter"


class UnavailableError(AdapterError):
    """It did not answer; trying again later may help."""

    kind = "unavailable"


class ConflictError(AdapterError):
    """Another writer was first; read again before acting."""

    kind = "conflict"


class NotFoundError(AdapterError):
    """It answered that there is no such thing."""

    kind = "not_found"
