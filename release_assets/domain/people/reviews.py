"""Which reviews of a change count, and whether they are enough.

Decides by persons: the last review of each counts, through any of their accounts, when it was given
before the merge for the final tree, by a reviewer who did not contribute. The host's record of a
review's commit is not used, since hosts re-point it at a force-push; the tree at the time of the
review is (SLSA source track: two persons, informed, final revision).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.change import ReviewState
from release_assets.domain.people.roster import Person, Robot, Role
from release_assets.domain.people.segregation import failed, judge_identities, passed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from release_assets.domain.people.change import Change, Review
    from release_assets.domain.people.contributors import Contributors
    from release_assets.domain.people.roster import Roster

INDEPENDENT = "reviewers_are_independent"
FINAL_TREE = "reviews_saw_the_final_tree"
NO_OBJECTION = "no_reviewer_objects"
REVIEWED_MERGE = "merge_brings_what_was_reviewed"


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedReviews:
    """Persons whose approval counts, and sentences about everything that does not."""

    reviewers: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    discounted: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()


def count_reviews(change: Change, contributors: Contributors, roster: Roster) -> CountedReviews:
    """Count the last review of each person, through any of their accounts."""
    reviewers, stale, discounted, objections = [], [], [], []
    for review in _last_reviews(change, roster):
        who = roster.person_of(review.account)
        reason = _why_not(review, who, change, contributors, roster)
        if reason:
            discounted.append(reason)
        elif isinstance(who, Person) and review.state is ReviewState.CHANGES_REQUESTED:
            objections.append(f"{who.id} asked for changes and has not approved since")
        elif isinstance(who, Person) and review.tree != change.tree:
            stale.append(f"{who.id} approved tree {review.tree[:12]}, not {change.tree[:12]}")
        elif isinstance(who, Person):
            reviewers.append(who.id)
    return CountedReviews(
        reviewers=tuple(reviewers),
        stale=tuple(stale),
        discounted=tuple(discounted),
        objections=tuple(objections),
    )


def judge_review(
    change: Change,
    contributors: Contributors,
    roster: Roster,
    *,
    needed: int = 1,
    automatic_merge_tree: str | None = None,
) -> tuple[Finding, ...]:
    """Judge whether `needed` persons reviewed a change who did not contribute to it."""
    counted = count_reviews(change, contributors, roster)
    return (
        *judge_identities(contributors),
        _judge_number(counted, needed, is_merged=change.is_merged),
        _judge_trees(counted, needed),
        _judge_objections(counted),
        _judge_merge(change, automatic_merge_tree),
    )


def _last_reviews(change: Change, roster: Roster) -> Iterator[Review]:
    """Yield the last review of each person before the merge, else the last one after it."""
    last: dict[str, Review] = {}
    for review in sorted(change.reviews, key=lambda r: (not _is_late(r, change), r.at)):
        owner = roster.person_of(review.account)
        if review.state is not ReviewState.COMMENTED:
            last[owner.id if owner else review.account] = review
    yield from last.values()


def _is_late(review: Review, change: Change) -> bool:
    return change.merge is not None and review.at > change.merge.at


def _why_not(
    review: Review,
    who: Person | Robot | None,
    change: Change,
    contributors: Contributors,
    roster: Roster,
) -> str | None:
    """Return the first reason why a review does not count, or None."""
    if who is None:
        return f"{review.account} reviewed and is not in the roster"
    if isinstance(who, Robot):
        return f"{who.id} is a robot, and a review by a robot does not count"
    if who.id in contributors.deeds:
        return f"{contributors.sentence(who.id)} and cannot review it"
    if reason := _why_not_in_time(review, who, change):
        return reason
    if roster.states_roles and not who.holds(Role.REVIEWER, review.at):
        return f"{who.id} did not hold the role reviewer on {review.at:%Y-%m-%d}"
    return None


def _why_not_in_time(review: Review, who: Person, change: Change) -> str | None:
    if _is_late(review, change):
        return f"{who.id} reviewed after the merge"
    if review.grade != "event" and not _head_was_there(change, review.at):
        return f"no record shows when {who.id} reviewed, or which tree"
    return None


def _head_was_there(change: Change, at: datetime) -> bool:
    """A review read after the event counts when the host had seen the final head before it."""
    return any(push.head == change.head and push.at <= at for push in change.pushes)


def _judge_number(counted: CountedReviews, needed: int, *, is_merged: bool) -> Finding:
    n = len(counted.reviewers)
    names = ", ".join(counted.reviewers)
    if n >= needed:
        because, outcome = f"reviewed by {names}, who did not contribute", Outcome.PASSED
        return Finding(rule=INDEPENDENT, outcome=outcome, because=because, observed=n, limit=needed)
    reasons = "; ".join((*counted.discounted, *counted.stale)) or "no one else approved it"
    because = f"{n} of {needed} independent reviews: {reasons}"
    # An open change still waits for its reviews; a landed one did without.
    waits = not is_merged and not counted.discounted
    outcome = Outcome.INCONCLUSIVE if waits else Outcome.FAILED
    return Finding(rule=INDEPENDENT, outcome=outcome, because=because, observed=n, limit=needed)


def _judge_trees(counted: CountedReviews, needed: int) -> Finding:
    if counted.stale and len(counted.reviewers) < needed:
        return failed(FINAL_TREE, f"{'; '.join(counted.stale)}, which came later")
    return passed(FINAL_TREE, "every review that counts saw the final tree")


def _judge_objections(counted: CountedReviews) -> Finding:
    if counted.objections:
        return failed(NO_OBJECTION, "; ".join(counted.objections))
    return passed(NO_OBJECTION, "no reviewer asks for changes")


def _judge_merge(change: Change, automatic_merge_tree: str | None) -> Finding:
    if change.merge is None:
        return passed(REVIEWED_MERGE, "nothing is merged yet")
    if change.merge.tree in {change.tree, automatic_merge_tree}:
        return passed(REVIEWED_MERGE, "the merge brought the reviewed tree and nothing else")
    what = f"the merge brought tree {change.merge.tree[:12]}"
    if automatic_merge_tree is None:
        because = f"{what}, the review saw {change.tree[:12]}; recompute the merge to compare"
        return Finding(rule=REVIEWED_MERGE, outcome=Outcome.INCONCLUSIVE, because=because)
    return failed(REVIEWED_MERGE, f"{what}, git alone makes {automatic_merge_tree[:12]}")
