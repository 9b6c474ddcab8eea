"""What is to be promoted, gathered for the rules: its digests, its people, its changes.

The range starts at what production really runs, never at what a caller names; every change in it
counts, so that nobody signs work of their own that goes out with it (law 6; SOC 2 CC8.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.people.contributors import (
    Contributors,
    changed_case_authors,
    contributors,
)
from release_assets.domain.people.reviews import count_reviews
from release_assets.domain.people.roster import Role
from release_assets.domain.release import RiskTier
from release_assets.domain.sign_off.quorum import digest_of_evidence
from release_assets.domain.sign_off.statement import ReleasePath, Subject
from release_assets.domain.sign_off.validity import Promotion, quorum_of
from release_assets.pipeline import PRE_MERGE, STAGING
from release_assets.ports import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release_assets.domain.people.change import Change
    from release_assets.domain.people.roster import Roster
    from release_assets.domain.release import Release
    from release_assets.records.book import Book
    from release_assets.records.repository import ControlFiles, FeatureRepository

_SIGNED_FOR = (f"{PRE_MERGE.name}/", f"{STAGING.name}/")  # phases whose evidence a statement binds


def changes_of(book: Book, release: Release) -> tuple[Change, ...]:
    """Return the changes between what production runs and this release, its own among them."""
    host = book.repository.git_host
    base = book.stable_commit(release.key.feature)
    landed = {commit.sha for commit in host.commits_between(base, release.commit)}
    merged = [c for c in host.changes() if c.merge and c.merge.commit in landed]
    return tuple(merged) or (book.repository.change(release.key),)


def contributors_to(
    changes: Iterable[Change], repository: FeatureRepository, roster: Roster
) -> Contributors:
    """Return everyone whose work is in some changes."""
    return Contributors.together(
        contributors(change, roster, case_authors=_case_authors(repository, change))
        for change in changes
    )


def _case_authors(repository: FeatureRepository, change: Change) -> dict[str, tuple[str, ...]]:
    """Return the authors of the eval cases that a change added or edited."""
    found: dict[str, tuple[str, ...]] = {}
    suites = repository.manifest(change.feature, change.head).suites
    for suite in suites:
        before = repository.suite(change.feature, change.base, suite)
        after = repository.suite(change.feature, change.head, suite)
        found |= changed_case_authors(before, after)
    return found


def reviewers_of(
    changes: Iterable[Change], people: Contributors, roster: Roster
) -> tuple[str, ...]:
    """Return the persons whose review of one of these changes counts."""
    counted = [count_reviews(change, people, roster).reviewers for change in changes]
    return tuple(dict.fromkeys(person for reviewers in counted for person in reviewers))


def subject_of(book: Book, release: Release, control: ControlFiles) -> Subject:
    """Return what a sign-off of this release must name, as things are now."""
    entries = book.of(release).written(EntryKind.EVIDENCE)
    before = [e.digest for e in entries if str(e.body["name"]).startswith(_SIGNED_FOR)]
    manifest = book.repository.manifest(release.key.feature, release.commit)
    return Subject(
        release=str(release.key),
        release_digest=release.digest,
        environment=Environment.PRODUCTION,
        tier=manifest.risk_tier,
        path=ReleasePath.STANDARD,
        evidence_digest=digest_of_evidence(before),
        policy_digest=control.policy.digest,
        roster_digest=control.roster.digest,
    )


def promotion_of(book: Book, release: Release) -> Promotion:
    """Return everything that the sign-offs of this release are judged by."""
    control, changes = book.repository.control_files(), changes_of(book, release)
    people = contributors_to(changes, book.repository, control.roster)
    subject = subject_of(book, release, control)
    roles = (Role(role) for role in control.policy.tier(subject.tier).sign_off.roles)
    is_low = subject.tier is RiskTier.LOW
    return Promotion(
        subject=subject,
        quorum=quorum_of(subject.tier, roles),
        roster=control.roster,
        contributors=people,
        reviewers=() if is_low else reviewers_of(changes, people, control.roster),
    )
