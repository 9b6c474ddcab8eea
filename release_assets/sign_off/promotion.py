"""What is to be promoted, gathered for the rules: its digests, its people, its changes.

The range starts at what production really runs, never at what a caller names; every change in it
counts, so that nobody signs work of their own that rode along (research: audit.md 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.people.contributors import (
    Contributors,
    changed_case_authors,
    contributors,
)
from release_assets.domain.people.reviews import count_reviews
from release_assets.domain.people.roster import Role
from release_assets.domain.release import RiskTier
from release_assets.domain.sign_off.quorum import digest_of_evidence
from release_assets.domain.sign_off.rules import Promotion, quorum_of
from release_assets.domain.sign_off.statement import ReleasePath, Subject
from release_assets.ports import Environment

if TYPE_CHECKING:
    from release_assets.domain.people.change import Change
    from release_assets.domain.people.roster import Roster
    from release_assets.domain.release import Release
    from release_assets.records.recorder import Records

_BEFORE_SIGN_OFF = ("pre_merge/", "staging/")


def changes_of(records: Records, release: Release) -> tuple[Change, ...]:
    """The changes between what production runs and this release, its own among them."""
    host = records.repository.git_host
    base = records.stable_commit(release.key.feature)
    landed = {commit.sha for commit in host.commits_between(base, release.commit)}
    merged = [c for c in host.changes() if c.merge and c.merge.commit in landed]
    return tuple(merged) or (records.repository.change(release.key),)


def contributors_of(records: Records, release: Release, roster: Roster) -> Contributors:
    """Everyone whose work is in the release."""
    parts = (
        contributors(change, roster, case_authors=_case_authors(records, change))
        for change in changes_of(records, release)
    )
    return Contributors.together(parts)


def _case_authors(records: Records, change: Change) -> dict[str, tuple[str, ...]]:
    """The authors of the eval cases that a change added or edited."""
    found: dict[str, tuple[str, ...]] = {}
    suites = records.repository.manifest(change.feature, change.head).suites
    for suite in suites:
        before = records.repository.suite(change.feature, change.base, suite)
        after = records.repository.suite(change.feature, change.head, suite)
        found |= changed_case_authors(before, after)
    return found


def reviewers_of(
    records: Records, release: Release, people: Contributors, roster: Roster
) -> tuple[str, ...]:
    """The persons whose review of a change in this release counts."""
    counted = [count_reviews(c, people, roster).reviewers for c in changes_of(records, release)]
    return tuple(dict.fromkeys(person for reviewers in counted for person in reviewers))


def subject_of(records: Records, release: Release, roster: Roster) -> Subject:
    """What a sign-off of this release must name, as things stand now."""
    entries = records.written(release, "evidence")
    before = [e.digest for e in entries if str(e.body["name"]).startswith(_BEFORE_SIGN_OFF)]
    manifest = records.repository.manifest(release.key.feature, release.commit)
    return Subject(
        release=str(release.key),
        release_digest=release.digest,
        environment=Environment.PRODUCTION,
        tier=manifest.risk_tier,
        path=ReleasePath.STANDARD,
        evidence_digest=digest_of_evidence(before),
        policy_digest=records.repository.policy().digest,
        roster_digest=roster.digest,
    )


def promotion_of(records: Records, release: Release) -> Promotion:
    """Everything that the sign-offs of this release are judged by."""
    roster = records.repository.roster()
    people = contributors_of(records, release, roster)
    subject = subject_of(records, release, roster)
    roles = (Role(role) for role in records.tier(release).sign_off.roles)
    is_low = subject.tier is RiskTier.LOW
    return Promotion(
        subject=subject,
        quorum=quorum_of(subject.tier, roles),
        roster=roster,
        contributors=people,
        reviewers=() if is_low else reviewers_of(records, release, people, roster),
    )
