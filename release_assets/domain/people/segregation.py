"""Segregation of duties: which persons must differ, as findings with stable codes.

Decides whether a person may sign off or deploy a release; `reviews.py` decides about reviews. Every
rule is about persons, never accounts: contributors come from `contributors.py`, identity and
roles from the roster. What is unknown never passes. Plain rules instead of an engine for policy
text: of those measured, one allowed when an attribute was missing (law 8).

SOC 2 CC8.1 asks for approval before implementation; that approver, author and deployer are not one
person is what auditors test (CC6.3, AC-5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.roster import Person, Robot

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from release_assets.domain.people.contributors import Contributors
    from release_assets.domain.people.roster import Role, Roster

KNOWN = "every_identity_is_known"
NOT_CONTRIBUTED = "signatory_did_not_contribute"
HOLDS_ROLE = "signatory_holds_the_role"
NOT_REVIEWED = "signatory_did_not_review"
DEPLOYER = "deployer_did_not_contribute"


def judge_identities(contributors: Contributors) -> tuple[Finding, ...]:
    """Whether every contributor is a person of the roster."""
    if contributors.unknown:
        return tuple(failed(KNOWN, sentence) for sentence in contributors.unknown)
    people = ", ".join(contributors.people)
    return (passed(KNOWN, f"everyone who contributed is in the roster: {people}"),)


def judge_signatory(
    person: str,
    role: Role,
    contributors: Contributors,
    roster: Roster,
    now: datetime,
    *,
    reviewers: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Whether a person may sign off in a role at `now`.

    `reviewers` are those whose review of this release counted; leave them out where the policy lets
    a reviewer sign (tier low).
    """
    found = roster.person(person)
    if found is None:
        return (failed(KNOWN, f"{person} is not in the roster and cannot sign off"),)
    return (
        *judge_identities(contributors),
        _judge_role(found, role, now),
        _judge_apart(found.id, contributors, NOT_CONTRIBUTED, "sign it off"),
        _judge_not_reviewer(found.id, reviewers),
    )


def judge_deployer(account: str, contributors: Contributors, roster: Roster) -> tuple[Finding, ...]:
    """Judge that whoever caused a deploy did not contribute; a robot acts for its directors."""
    owner = roster.person_of(account)
    if owner is None:
        return (failed(KNOWN, f"{account} deployed this release and is not in the roster"),)
    if isinstance(owner, Robot) and owner.directed_by is None:
        return (
            failed(KNOWN, f"{owner.id} deployed this release, and it is unknown who directs it"),
        )
    people = (owner.id,) if isinstance(owner, Person) else owner.directed_by or ()
    verdicts = [_judge_apart(p, contributors, DEPLOYER, "deploy it") for p in people]
    return tuple(verdicts) or (passed(DEPLOYER, f"{owner.id} deployed, and no one directs it"),)


def _judge_role(person: Person, role: Role, now: datetime) -> Finding:
    if person.holds(role, now):
        return passed(HOLDS_ROLE, f"{person.id} holds the role {role.spoken} on {now:%Y-%m-%d}")
    return failed(HOLDS_ROLE, f"{person.id} does not hold the role {role.spoken} on {now:%Y-%m-%d}")


def _judge_apart(person: str, contributors: Contributors, rule: str, act: str) -> Finding:
    if person in contributors.deeds:
        return failed(rule, f"{contributors.sentence(person)} and cannot {act}")
    return passed(rule, f"{person} did not contribute to this release")


def _judge_not_reviewer(person: str, reviewers: Collection[str]) -> Finding:
    if person in reviewers:
        because = f"{person} reviewed a change of this release and cannot sign it off"
        return failed(NOT_REVIEWED, because)
    return passed(NOT_REVIEWED, f"{person} is not one of the reviewers")


def passed(rule: str, because: str) -> Finding:
    """Return a finding that holds."""
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because)


def failed(rule: str, because: str) -> Finding:
    """Return a finding that does not hold."""
    return Finding(rule=rule, outcome=Outcome.FAILED, because=because)
