"""Who, other than its authors, signs this release off: reading sign-offs, and the quorum.

Decides from signed statements, the roster and the contributors; who launched a run or wrote a
comment counts for nothing. Each binding of a statement must match what is to be promoted, else the
sign-off does not count and a finding gives the reason. A no by anyone who holds a signing role
blocks the release until the same person signs a yes (SOC 2 CC8.1).

The result has the shape of python-tuf's `VerificationResult`: who signed, who is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.segregation import failed, passed
from release_assets.domain.release import digest_of_document
from release_assets.domain.sign_off.ssh_signature import verify_signature
from release_assets.domain.sign_off.statement import SignOffDecision, read_statement
from release_assets.domain.sign_off.validity import (
    OWN_SIGNATURE,
    SIGNING_ROLES,
    SignOff,
    judge_nonce,
    judge_sign_off,
    judge_signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry, Head
    from release_assets.domain.people.roster import Role
    from release_assets.domain.sign_off.statement import Statement
    from release_assets.domain.sign_off.validity import Promotion

NOBODY_REJECTS = "nobody_rejects"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignOffResult:
    """Who signed, which roles are missing, who rejects; `findings` are for the gate.

    `discounted` has the reasons why sign-offs do not count.
    """

    signed: tuple[SignOff, ...]
    missing: tuple[Role, ...]
    rejected: tuple[SignOff, ...]
    findings: tuple[Finding, ...]
    discounted: tuple[Finding, ...] = field(default=())

    @property
    def verified(self) -> bool:
        """Whether the quorum is complete and no one rejects."""
        return not self.missing and not self.rejected


def sign_off_body(statement: Statement, signature: str) -> dict[str, Any]:
    """Return the body of a ledger entry of kind `sign_off`."""
    return {"statement": statement.document(), "signature": signature}


def read_sign_off(body: Mapping[str, Any], *, at: datetime, seq: int = 0) -> SignOff:
    """Read a sign-off from the body of its entry and verify it; raises `InputError`."""
    if not isinstance(body.get("statement"), dict) or not isinstance(body.get("signature"), str):
        raise InputError("a sign-off needs a statement and a signature", hint="sign again")
    return verify_sign_off(read_statement(body["statement"]), body["signature"], at=at, seq=seq)


def verify_sign_off(statement: Statement, signature: str, *, at: datetime, seq: int = 0) -> SignOff:
    """Return the sign-off that a signature makes of a statement; raises `InputError`."""
    verified = verify_signature(statement.payload(), signature)
    return SignOff(statement=statement, signature=verified, at=at, seq=seq)


def read_sign_offs(entries: Iterable[Entry]) -> tuple[tuple[SignOff, ...], tuple[Finding, ...]]:
    """Read the sign-offs of some ledger entries, with a finding for each that cannot be read."""
    sign_offs, findings = [], []
    for entry in entries:
        try:
            sign_offs.append(read_sign_off(entry.body, at=entry.at, seq=entry.seq))
        except InputError as exc:
            findings.append(
                failed(OWN_SIGNATURE, f"entry {entry.seq} is not a valid sign-off: {exc}")
            )
    return tuple(sign_offs), tuple(findings)


def heads_seen(entries: Iterable[Entry]) -> tuple[Head, ...]:
    """Return the ledger heads that signatories signed: a rewritten ledger contradicts them."""
    return tuple(s.statement.ledger_head for s in read_sign_offs(entries)[0])


def digest_of_evidence(digests: Iterable[str]) -> str:
    """Return one digest over all evidence of a release, whatever its order."""
    return digest_of_document(sorted(set(digests)))


def judge_sign_offs(
    sign_offs: Sequence[SignOff], promotion: Promotion, *, now: datetime
) -> SignOffResult:
    """Judge whether the quorum is complete at `now`, the moment of the promotion."""
    ordered = sorted(sign_offs, key=lambda s: s.seq)
    rejected = _rejections(ordered, promotion)
    counting: list[SignOff] = []
    discounted: list[Finding] = []
    for sign_off in _newest_yes(ordered):
        findings = (*judge_sign_off(sign_off, promotion, now=now), judge_nonce(sign_off, ordered))
        against = [f for f in findings if f.outcome is not Outcome.PASSED]
        discounted.extend(against)
        counting.extend(() if against else (sign_off,))
    signed = _different_persons(counting, promotion.quorum.roles)
    missing = tuple(
        r for r in promotion.quorum.roles if r not in {s.statement.role for s in signed}
    )
    return SignOffResult(
        signed=signed,
        missing=missing,
        rejected=rejected,
        findings=(*_signed(signed), *_missing(missing, discounted), _rejected(rejected)),
        discounted=tuple(discounted),
    )


def _newest_yes(ordered: Iterable[SignOff]) -> tuple[SignOff, ...]:
    """Return each person's newest yes in each role; a later no withdraws it."""
    last = {(s.statement.person, s.statement.role): s for s in ordered}
    return tuple(s for s in last.values() if s.statement.decision is SignOffDecision.YES)


def _rejections(ordered: Iterable[SignOff], promotion: Promotion) -> tuple[SignOff, ...]:
    """Return the newest sign-offs that are a no, by people who hold a signing role.

    A no is about the release itself: neither new evidence nor eight hours end it.
    """
    last: dict[str, SignOff] = {}
    for sign_off in ordered:
        about = sign_off.statement.subject
        same = (about.release_digest, about.environment) == (
            promotion.subject.release_digest,
            promotion.subject.environment,
        )
        if same and judge_signature(sign_off, promotion.roster).outcome is Outcome.PASSED:
            last[sign_off.statement.person] = sign_off
    return tuple(
        s
        for s in last.values()
        if s.statement.decision is SignOffDecision.NO and _may_sign(s, promotion)
    )


def _may_sign(sign_off: SignOff, promotion: Promotion) -> bool:
    person = promotion.roster.person(sign_off.statement.person)
    return person is not None and any(person.holds(r, sign_off.at) for r in SIGNING_ROLES)


def _different_persons(counting: Sequence[SignOff], roles: Sequence[Role]) -> tuple[SignOff, ...]:
    """Return sign-offs for as many roles as possible, each by another person."""
    by_role = [[None, *(s for s in counting if s.statement.role is role)] for role in roles]
    choices = (tuple(s for s in choice if s) for choice in product(*by_role))
    different = (c for c in choices if len({s.statement.person for s in c}) == len(c))
    return max(different, key=len, default=())


def _signed(signed: Iterable[SignOff]) -> tuple[Finding, ...]:
    return tuple(
        passed(
            f"{s.statement.role}_signed_off",
            f"{s.statement.person} signed off as {s.statement.role.spoken}",
        )
        for s in signed
    )


def _missing(missing: Iterable[Role], discounted: Sequence[Finding]) -> tuple[Finding, ...]:
    reasons = "; ".join(dict.fromkeys(f.because for f in discounted))
    return tuple(
        Finding(
            rule=f"{role}_signed_off",
            outcome=Outcome.INCONCLUSIVE,
            because=f"needs the sign-off of a {role.spoken}{f': {reasons}' if reasons else ''}",
        )
        for role in missing
    )


def _rejected(rejected: Sequence[SignOff]) -> Finding:
    if not rejected:
        return passed(NOBODY_REJECTS, "no one rejects the release")
    reasons = (f"{s.statement.person} signed a no: {s.statement.because}" for s in rejected)
    return failed(NOBODY_REJECTS, "; ".join(reasons))
