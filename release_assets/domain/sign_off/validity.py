"""What makes one sign-off count: whose signature it is, and that every binding matches.

Decides by rules, each a finding, so that the signatory reads all reasons at once. The time that
counts is that of the ledger entry and of the promotion, never what the statement claims alone. Who
may sign at all is decided in `people/segregation`, whether enough people signed in `quorum`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from release_assets.domain.people.roster import Role
from release_assets.domain.people.segregation import failed, judge_signatory, passed
from release_assets.domain.release import RiskTier
from release_assets.domain.sign_off.statement import Statement, Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from release_assets.domain.finding import Finding
    from release_assets.domain.people.contributors import Contributors
    from release_assets.domain.people.roster import Roster
    from release_assets.domain.sign_off.ssh_signature import VerifiedSignature

SIGNING_ROLES = (Role.RELEASE_MANAGER, Role.AI_RISK_PARTNER)
CLOCKS_DIFFER_BY = timedelta(minutes=5)

OWN_SIGNATURE = "signature_is_the_signatorys"
IN_TIME = "sign_off_is_in_time"
NONCE = "nonce_is_used_once"
HARDWARE = "signature_comes_from_hardware"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quorum:
    """Which roles must say yes, each by another person, and whether a key in hardware must sign."""

    roles: tuple[Role, ...]
    hardware: bool = False


def quorum_of(tier: RiskTier, roles: Iterable[Role]) -> Quorum:
    """Return the quorum of a risk tier, of which the policy names the roles."""
    return Quorum(roles=tuple(roles), hardware=tier is RiskTier.HIGH)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignOff:
    """A statement with its verified signature; `seq` is its ledger entry, 0 before it has one."""

    statement: Statement
    signature: VerifiedSignature
    at: datetime
    seq: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """Everything a sign-off is judged by: what is to be promoted, and by whom it was made.

    `reviewers` are those who may not sign because they reviewed; empty where the policy allows it.
    """

    subject: Subject
    quorum: Quorum
    roster: Roster
    contributors: Contributors
    reviewers: Collection[str] = ()


def judge_sign_off(
    sign_off: SignOff, promotion: Promotion, *, now: datetime
) -> tuple[Finding, ...]:
    """Judge one yes by every rule; it counts when all findings passed."""
    statement = sign_off.statement
    return (
        judge_signature(sign_off, promotion.roster),
        *_judge_hardware(sign_off, promotion.quorum),
        *_judge_bindings(statement.subject, promotion.subject),
        _judge_time(sign_off, now),
        *judge_signatory(
            statement.person,
            statement.role,
            promotion.contributors,
            promotion.roster,
            sign_off.at,
            reviewers=promotion.reviewers,
        ),
    )


def judge_signature(sign_off: SignOff, roster: Roster) -> Finding:
    """Judge whether the key was the signatory's own, and valid when the sign-off was recorded."""
    person, found = sign_off.statement.person, roster.owner_of(sign_off.signature.public_key)
    if found is None:
        return failed(OWN_SIGNATURE, f"signed as {person}; no one in people.yaml has this key")
    owner, key = found
    if owner.id != person:
        return failed(OWN_SIGNATURE, f"signed as {person}, with the key of {owner.id}")
    if not key.valid.covers(sign_off.at):
        return failed(OWN_SIGNATURE, f"the key of {person} was not valid on {sign_off.at:%Y-%m-%d}")
    return passed(OWN_SIGNATURE, f"{person} signed with their own key")


def _judge_hardware(sign_off: SignOff, quorum: Quorum) -> tuple[Finding, ...]:
    if not quorum.hardware:
        return ()
    person = sign_off.statement.person
    if sign_off.signature.user_present:
        return (passed(HARDWARE, f"{person} touched the hardware key"),)
    because = f"{person} signed with a key in a file; this risk tier needs a hardware key"
    return (failed(HARDWARE, because),)


def _judge_bindings(signed: Subject, wanted: Subject) -> tuple[Finding, ...]:
    names = [f.name for f in fields(Subject)]
    wrong = [name for name in names if getattr(signed, name) != getattr(wanted, name)]
    if not wrong:
        return (passed("sign_off_names_this_release", "the sign-off names this release"),)
    return tuple(_mismatch(name, getattr(signed, name), getattr(wanted, name)) for name in wrong)


def _mismatch(name: str, signed: str, wanted: str) -> Finding:
    what = name.removesuffix("_digest")
    because = f"the sign-off is for {what} {signed[:19]}, and {wanted[:19]} is to be promoted"
    return failed(f"sign_off_names_this_{what}", because)


def _judge_time(sign_off: SignOff, now: datetime) -> Finding:
    statement, who = sign_off.statement, sign_off.statement.person
    if sign_off.at < statement.issued_at - CLOCKS_DIFFER_BY:
        return failed(IN_TIME, f"the sign-off of {who} is dated after it was recorded")
    if max(now, sign_off.at) > statement.expires_at:
        when = statement.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        return failed(IN_TIME, f"the sign-off of {who} expired at {when}; sign again")
    return passed(IN_TIME, f"the sign-off of {who} is still valid")


def judge_nonce(sign_off: SignOff, ordered: Iterable[SignOff]) -> Finding:
    """Judge whether this is the first sign-off with its nonce; a copy does not count."""
    nonce = sign_off.statement.nonce
    first = next(s for s in ordered if s.statement.nonce == nonce)
    if first is not sign_off:
        who = sign_off.statement.person
        return failed(NONCE, f"the sign-off of {who} is a copy of an earlier one; sign again")
    return passed(NONCE, "the sign-off is not a copy of an earlier one")
