"""Whether a ledger is whole: every entry is what was written, and no head that was seen is missing.

Decides from stored rows in one pass, and names the first bad entry. What a sign-off is, it does not
know: the caller reads the heads that signatories signed. An empty ledger is inconclusive, since it
is also what is left when everything was deleted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.errors import LedgerError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.ledger.verification import verify
from release_assets.domain.verdict import Verdict, conclude
from release_assets.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from release_assets.domain.ledger.entries import Entry, Head, Row

    SignedHeads = Callable[[Sequence[Entry]], tuple[Sequence[Head], Sequence[Finding]]]

WHOLE = "ledger_is_whole"
SEEN = "ledger_is_the_one_that_was_seen"
SIGNED = "ledger_is_the_one_that_signatories_saw"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wholeness:
    """The verdict on a ledger; `head` is None and `first_bad_entry` a number where it is broken."""

    verdict: Verdict
    head: Head | None = None
    first_bad_entry: int | None = None


def judge_whole(
    rows: Sequence[Row], *, seen: Sequence[Head], signed_heads: SignedHeads
) -> Wholeness:
    """Judge whether these rows are the ledger that was written.

    `seen` are heads kept elsewhere. `signed_heads` reads sign-offs: the heads that persons saw and
    signed, and a finding for each sign-off without a valid signature. Who rewrites the ledger
    contradicts those signatures.
    """
    signed, unsigned = signed_heads(tuple(_sign_offs(rows)))
    try:
        head = verify(rows, seen=(*seen, *signed))
    except LedgerError as exc:
        broken = Finding(rule=WHOLE, outcome=Outcome.FAILED, because=str(exc))
        return Wholeness(verdict=conclude("ledger", [broken]), first_bad_entry=exc.entry)
    findings = (_judge_size(head.size), *_agreeing(seen, signed), *unsigned)
    return Wholeness(verdict=conclude("ledger", findings), head=head)


def _sign_offs(rows: Sequence[Row]) -> Iterator[Entry]:
    """Yield the sign-offs that can be read; the verification names the others."""
    for row in rows:
        if row.kind == EntryKind.SIGN_OFF:
            with suppress(LedgerError):
                yield row.entry()


def _judge_size(size: int) -> Finding:
    if size == 0:
        because = "the ledger has no entry, so there is nothing to verify"
        return Finding(rule=WHOLE, outcome=Outcome.INCONCLUSIVE, because=because, n=0)
    return _passed(WHOLE, f"all {size} entries are what was written", size)


def _agreeing(seen: Sequence[Head], signed: Sequence[Head]) -> Iterable[Finding]:
    if seen:
        yield _passed(SEEN, f"{len(seen)} heads kept elsewhere agree", len(seen))
    if signed:
        yield _passed(SIGNED, f"the heads in {plural(len(signed), 'sign-off')} agree", len(signed))


def _passed(rule: str, because: str, n: int) -> Finding:
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=n)
