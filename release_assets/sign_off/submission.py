"""A person's signed yes or no: made, judged, and recorded as a sign-off or as a refusal.

What is signed is the release as it is now; where the key is kept, the caller knows. Whether the
quorum is complete, `sign_offs.py` asks at the promotion (law 6).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.sign_off.quorum import sign_off_body, verify_sign_off
from release_assets.domain.sign_off.statement import SignOffDecision, Statement
from release_assets.domain.sign_off.validity import judge_sign_off
from release_assets.domain.verdict import Verdict, conclude
from release_assets.pipeline import BEFORE_SIGN_OFF
from release_assets.sign_off.promotion import promotion_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from release_assets.domain.people.roster import Role
    from release_assets.domain.release import Release
    from release_assets.domain.sign_off.validity import Promotion
    from release_assets.records.book import Book

VALID_FOR = timedelta(hours=8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A key that can sign: its public line, and the signature over some bytes."""

    public_line: str
    sign: Callable[[bytes], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SignOffAnswer:
    """What a person answers to a release, and in which role."""

    decision: SignOffDecision
    role: Role
    because: str = ""


def submit(book: Book, release: Release, answer: SignOffAnswer, signer: Signer) -> Verdict:
    """Sign, judge and record; a no is recorded whoever gives it.

    Raises `RefusedError` for a yes before the gates of pre-merge and staging passed, and
    `InputError` for a key that the roster does not have.
    """
    if answer.decision is SignOffDecision.YES:
        with book.refusals_recorded(release, "sign_off"):
            book.of(release).require_passed(BEFORE_SIGN_OFF)
    now, promotion = book.clock.now(), promotion_of(book, release)
    statement = _statement(book, answer, promotion, signer, now)
    signature = signer.sign(statement.payload())
    sign_off = verify_sign_off(statement, signature, at=now)
    verdict = conclude("sign_off/signature", judge_sign_off(sign_off, promotion, now=now))
    if verdict.is_passed or answer.decision is SignOffDecision.NO:
        book.write(EntryKind.SIGN_OFF, sign_off_body(statement, signature), release)
    else:
        book.write(EntryKind.REFUSAL, _refusal(statement, verdict), release)
    return verdict


def _statement(
    book: Book, answer: SignOffAnswer, promotion: Promotion, signer: Signer, now: datetime
) -> Statement:
    owner = promotion.roster.owner_of(signer.public_line)
    if owner is None:
        hint = "add the key to people.yaml on main, through a reviewed change"
        raise InputError("no one in people.yaml has this key", hint=hint)
    return Statement(
        subject=promotion.subject,
        decision=answer.decision,
        role=answer.role,
        person=owner[0].id,
        ledger_head=book.ledger.head(),
        nonce=secrets.token_hex(16),
        issued_at=now,
        expires_at=now + VALID_FOR,
        because=answer.because,
    )


def _refusal(statement: Statement, verdict: Verdict) -> dict[str, object]:
    return {
        "act": "sign_off",
        "person": statement.person,
        "role": statement.role.value,
        "because": verdict.headline,
        "findings": verdict.document()["findings"],
        "statement": statement.document(),
    }
