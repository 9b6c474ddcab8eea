"""The evasion catalogue: ways around four eyes seen in public, each a change that must not pass.

The numbers are those of a catalogue of public incidents; each row is a change, or a roster, that
somebody really used, and the rule that stops it. Numbers that are not here need a git host, the
ledger or a cluster, and are tested where those are. A new evasion is a new row before it is a fix.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from release_assets.domain.errors import InputError
from release_assets.domain.finding import Outcome
from release_assets.domain.people.change import ReviewState
from release_assets.domain.people.contributors import contributors
from release_assets.domain.people.reviews import count_reviews, judge_review
from release_assets.domain.people.roster import HeldRole, RobotKind, Role, Validity
from release_assets.domain.people.roster_file import read_people
from release_assets.domain.people.segregation import judge_deployer, judge_signatory
from tests.domain.people.cast import (
    HEAD,
    NOW,
    OLD_TREE,
    ROSTER,
    change,
    commit,
    merge,
    person,
    push,
    review,
    robot,
)


@dataclass(frozen=True, kw_only=True)
class Evasion:
    """A change that must be stopped by a rule; who would sign, and the reason given."""

    change: object
    rule: str
    because: str = ""
    signatory: str = "rosa"
    deployer: str | None = None
    roster: object = ROSTER
    case_authors: dict[str, list[str]] = field(default_factory=dict)
    needed: int = 1
    automatic_merge_tree: str | None = None


def with_person(changed):
    """The roster with one person replaced."""
    return replace(
        ROSTER, people=tuple(changed if p.id == changed.id else p for p in ROSTER.people)
    )


def until_may(role):
    return (HeldRole(role=role, valid=Validity(until=date(2026, 5, 31))),)


ROSA_LEFT = with_person(replace(person("rosa"), roles=until_may(Role.RELEASE_MANAGER)))
BEN_LEFT = with_person(replace(person("ben"), roles=until_may(Role.REVIEWER)))
BEN_HAS_TWO_ACCOUNTS = with_person(
    person("ben", Role.REVIEWER, accounts=("local:ben", "local:ben-2"))
)
ROSA_REVIEWS = with_person(person("rosa", Role.RELEASE_MANAGER, Role.REVIEWER))
UNDIRECTED = replace(
    ROSTER,
    robots=(*ROSTER.robots, robot("stray", RobotKind.AGENT, ())),
)

EVASIONS = {
    "1 push after approval": Evasion(
        change=change(reviews=(review(tree=OLD_TREE),)),
        rule="reviews_saw_the_final_tree",
        because="ben approved tree e0e0e0e0e0e0, not e1e1e1e1e1e1, which came later",
    ),
    "1 push after one of two approvals": Evasion(
        change=change(reviews=(review(), review("local:chloe", tree=OLD_TREE))),
        needed=2,
        rule="reviews_saw_the_final_tree",
        because="chloe approved tree",
    ),
    "2 a backdated commit makes the review look later": Evasion(
        change=change(
            reviews=(review(tree=OLD_TREE, minutes=9),),
            commits=(commit("local:ada", message="Date: Mon Jan 5 1970", sha=HEAD),),
        ),
        rule="reviews_saw_the_final_tree",
    ),
    "3 a force-push re-anchors a review that was read later": Evasion(
        change=change(reviews=(review(grade="late", minutes=3),), pushes=(push(minutes=5),)),
        rule="reviewers_are_independent",
        because="no record shows when ben reviewed, or which tree",
    ),
    "5 the reviewer pushes, then approves": Evasion(
        change=change(pushes=(push(), push("local:ben", HEAD, 4))),
        rule="reviewers_are_independent",
        because="ben pushed to this release and cannot review it",
    ),
    "6 a rebase by a service account hides the authors": Evasion(
        change=change(
            author="local:deps-bot",
            pushes=(push("local:deps-bot"),),
            commits=(commit("local:ben", "local:deps-bot", sha=HEAD),),
        ),
        rule="reviewers_are_independent",
        because="ben wrote 1 commit of this release and cannot review it",
    ),
    "7 an e-mail that maps to nobody": Evasion(
        change=change(commits=(commit("email:zed@home.example", sha=HEAD),)),
        rule="every_identity_is_known",
        because="email:zed@home.example, who wrote 1 commit of this release, is not in the roster",
    ),
    "8 a commit forged as somebody else; the pusher signs": Evasion(
        change=change(
            author="local:dev",
            commits=(commit("email:dev@example.com", sha=HEAD),),
            pushes=(push("local:rosa"),),
        ),
        rule="signatory_did_not_contribute",
        because="rosa pushed to this release and cannot sign it off",
    ),
    "9 an author string that looks like a bot": Evasion(
        change=change(commits=(commit("email:release-bot[bot]@example.com", sha=HEAD),)),
        rule="every_identity_is_known",
    ),
    "9 an account name that contains a bot's": Evasion(
        change=change(author="local:release-bot-2"),
        rule="every_identity_is_known",
    ),
    "10 a suggestion taken over, then approved": Evasion(
        change=change(commits=(commit("local:ada", "email:ben@example.com", sha=HEAD),)),
        rule="reviewers_are_independent",
        because="ben wrote 1 commit of this release and cannot review it",
    ),
    "10 a co-author in other letters signs": Evasion(
        change=change(commits=(commit("local:ada", "email:Rosa@Example.com", sha=HEAD),)),
        rule="signatory_did_not_contribute",
    ),
    "11 a bot approves": Evasion(
        change=change(reviews=(review("local:release-bot"),)),
        rule="reviewers_are_independent",
        because="release-bot is a robot, and a review by a robot does not count",
    ),
    "11 two bots approve": Evasion(
        change=change(reviews=(review("local:release-bot"), review("local:deps-bot"))),
        rule="reviewers_are_independent",
    ),
    "11 a bot deploys for the author": Evasion(
        change=change(),
        deployer="local:release-bot",
        rule="deployer_did_not_contribute",
        because="ada wrote 2 commits of this release and cannot deploy it",
    ),
    "12 a machine user approves": Evasion(
        change=change(reviews=(review("local:machine"),)),
        rule="reviewers_are_independent",
        because="local:machine reviewed and is not in the roster",
    ),
    "13 an administrator merges without a review": Evasion(
        change=change(reviews=()),
        rule="reviewers_are_independent",
        because="0 of 1 independent reviews: no one else approved it",
    ),
    "13 the review comes after the merge": Evasion(
        change=change(reviews=(review(minutes=20),)),
        rule="reviewers_are_independent",
        because="ben reviewed after the merge",
    ),
    "15 a second account of the author approves": Evasion(
        change=change(
            author="local:rosa",
            commits=(commit("local:rosa", sha=HEAD),),
            pushes=(push("local:rosa"),),
            reviews=(review("local:rosa-2"),),
        ),
        signatory="iris",
        rule="reviewers_are_independent",
        because="rosa wrote 1 commit of this release and cannot review it",
    ),
    "15 two accounts of one person are one review": Evasion(
        change=change(reviews=(review(), review("local:ben-2"))),
        roster=BEN_HAS_TWO_ACCOUNTS,
        needed=2,
        rule="reviewers_are_independent",
        because="1 of 2 independent reviews",
    ),
    "17 an AI agent writes, who drives it approves": Evasion(
        change=change(
            author="local:agent",
            commits=(commit("local:agent", sha=HEAD),),
            pushes=(push("local:agent"),),
        ),
        rule="reviewers_are_independent",
        because="ben directs agent, which wrote 1 commit of this release and cannot review it",
    ),
    "17 nobody says who drives the agent": Evasion(
        change=change(commits=(commit("local:stray", sha=HEAD),)),
        roster=UNDIRECTED,
        rule="every_identity_is_known",
        because="it is unknown who directs stray",
    ),
    "18 the agent reviews its own retry": Evasion(
        change=change(commits=(commit("local:agent", sha=HEAD),), reviews=(review("local:agent"),)),
        rule="reviewers_are_independent",
    ),
    "19 self-review, with the host's own switch off": Evasion(
        change=change(reviews=(review("local:ada"),)),
        rule="reviewers_are_independent",
        because="ada wrote 2 commits of this release and cannot review it",
    ),
    "19 somebody else triggers, the author signs": Evasion(
        change=change(),
        signatory="ada",
        deployer="local:rosa",
        rule="signatory_did_not_contribute",
        because="ada wrote 2 commits of this release and cannot sign it off",
    ),
    "20 a change slipped into the merge": Evasion(
        change=change(merge=merge(tree="ee" * 20)),
        automatic_merge_tree="ed" * 20,
        rule="merge_brings_what_was_reviewed",
        because="the merge brought tree eeeeeeeeeeee, git alone makes edededededed",
    ),
    "20 who resolved the merge by hand had reviewed it": Evasion(
        change=change(merge=merge("local:ben", tree="ee" * 20)),
        automatic_merge_tree="ed" * 20,
        rule="reviewers_are_independent",
        because="ben resolved the merge of this release by hand and cannot review it",
    ),
    "20 nobody recomputed the merge": Evasion(
        change=change(merge=merge(tree="ee" * 20)),
        rule="merge_brings_what_was_reviewed",
        because="recompute the merge",
    ),
    "21 a message that looks like a merge": Evasion(
        change=change(
            commits=(commit("local:ben", message="Merge branch 'main' into prompts", sha=HEAD),)
        ),
        rule="reviewers_are_independent",
    ),
    "23 a commit and its revert still have an author": Evasion(
        change=change(
            commits=(
                commit("local:rosa", sha="d1" * 20, tree=OLD_TREE),
                commit("local:ada", message="Revert", sha=HEAD),
            )
        ),
        rule="signatory_did_not_contribute",
        because="rosa wrote 1 commit of this release and cannot sign it off",
    ),
    "24 documents only": Evasion(
        change=change(
            commits=(commit("local:rosa", paths=("docs/readme.md",), sha=HEAD),),
        ),
        rule="signatory_did_not_contribute",
    ),
    "26 changes were asked for, and nobody asked again": Evasion(
        change=change(
            reviews=(
                review("local:chloe", ReviewState.CHANGES_REQUESTED, OLD_TREE, 2),
                review("local:ben", minutes=5),
            )
        ),
        rule="no_reviewer_objects",
        because="chloe asked for changes and has not approved since",
    ),
    "26 an approval taken back": Evasion(
        change=change(
            reviews=(review(minutes=4), review(state=ReviewState.CHANGES_REQUESTED, minutes=6)),
        ),
        rule="reviewers_are_independent",
    ),
    "27 the writer of an eval case signs": Evasion(
        change=change(),
        case_authors={"prod-231": ["local:rosa"]},
        rule="signatory_did_not_contribute",
        because="rosa wrote the eval case prod-231 of this release and cannot sign it off",
    ),
    "27 the writer of an eval case reviews": Evasion(
        change=change(),
        case_authors={"prod-231": ["local:ben"], "prod-232": ["email:ben@example.com"]},
        rule="reviewers_are_independent",
        because="ben wrote 2 eval cases of this release and cannot review it",
    ),
    "27 an eval case without an author": Evasion(
        change=change(),
        case_authors={"prod-231": []},
        rule="every_identity_is_known",
        because="the eval case prod-231 has no author",
    ),
    "31 a leaver reviews": Evasion(
        change=change(),
        roster=BEN_LEFT,
        rule="reviewers_are_independent",
        because="ben did not hold the role reviewer on 2026-06-01",
    ),
    "31 a leaver signs": Evasion(
        change=change(),
        roster=ROSA_LEFT,
        rule="signatory_holds_the_role",
        because="rosa does not hold the role release manager on 2026-06-01",
    ),
    "33 one person approves and signs": Evasion(
        change=change(reviews=(review("local:rosa"),)),
        roster=ROSA_REVIEWS,
        rule="signatory_did_not_review",
        because="rosa reviewed a change of this release and cannot sign it off",
    ),
    "an outsider signs": Evasion(
        change=change(),
        signatory="mallory",
        rule="every_identity_is_known",
        because="mallory is not in the roster and cannot sign off",
    ),
    "an outsider deploys": Evasion(
        change=change(),
        deployer="local:mallory",
        rule="every_identity_is_known",
        because="local:mallory deployed this release and is not in the roster",
    ),
    "the author deploys": Evasion(
        change=change(),
        deployer="local:ada",
        rule="deployer_did_not_contribute",
    ),
    "a commit without an author": Evasion(
        change=change(commits=(commit(sha=HEAD),)),
        rule="every_identity_is_known",
        because="the author of commit",
    ),
    "a head that nobody was seen to push": Evasion(
        change=change(pushes=(push(head="aa" * 20),)),
        rule="every_identity_is_known",
        because="the git host has no record of who pushed c2c2c2c2c2c2",
    ),
    "no commits at all": Evasion(
        change=change(commits=()),
        rule="every_identity_is_known",
        because="the commits of change 101 are unknown",
    ),
    "a comment is no approval": Evasion(
        change=change(reviews=(review(state=ReviewState.COMMENTED),)),
        rule="reviewers_are_independent",
    ),
}


def judged(case):
    made_by = contributors(
        case.change,
        case.roster,
        case_authors=case.case_authors,
        automatic_merge_tree=case.automatic_merge_tree,
    )
    counted = count_reviews(case.change, made_by, case.roster).reviewers
    findings = judge_review(
        case.change,
        made_by,
        case.roster,
        needed=case.needed,
        automatic_merge_tree=case.automatic_merge_tree,
    )
    findings += judge_signatory(
        case.signatory, Role.RELEASE_MANAGER, made_by, case.roster, NOW, reviewers=counted
    )
    return findings + (judge_deployer(case.deployer, made_by, case.roster) if case.deployer else ())


@pytest.mark.parametrize("name", EVASIONS)
def test_the_evasion_is_stopped(name):
    case = EVASIONS[name]
    against = [f for f in judged(case) if f.outcome is not Outcome.PASSED]

    because = "; ".join(f.because for f in against if f.rule == case.rule)
    assert case.rule in {f.rule for f in against}
    assert case.because in because


MUST_PASS = {
    "the plain case": change(),
    "a reviewer merges": change(merge=merge("local:chloe")),
    "another author": change(author="local:dev", commits=(commit("local:dev", sha=HEAD),)),
    "an approval after changes were asked for": change(
        reviews=(review(state=ReviewState.CHANGES_REQUESTED, tree=OLD_TREE, minutes=3), review())
    ),
    "a comment after an approval": change(
        reviews=(review(), review(state=ReviewState.COMMENTED, minutes=6))
    ),
    "a self-approval beside an independent one": change(reviews=(review(), review("local:ada"))),
    "a second approval after the merge": change(reviews=(review(), review(minutes=30))),
    "a review read later of a head seen before": change(reviews=(review(grade="late"),)),
    "a dependency robot that nobody directs": change(
        author="local:deps-bot",
        commits=(commit("local:deps-bot", sha=HEAD),),
        pushes=(push("local:deps-bot"),),
    ),
    "two reviewers": change(reviews=(review(), review("local:chloe"))),
}


@pytest.mark.parametrize("name", MUST_PASS)
def test_an_honest_change_passes(name):
    case = Evasion(change=MUST_PASS[name], rule="", deployer="local:deps-bot")

    assert {f.because for f in judged(case) if f.outcome is not Outcome.PASSED} == set()


def test_an_open_change_without_a_review_waits():
    """Before the merge a missing review is no violation, and no pass."""
    found = contributors(change(), ROSTER, case_authors={})
    findings = judge_review(change(reviews=(), merge=None), found, ROSTER)

    assert {f.outcome for f in findings} == {Outcome.PASSED, Outcome.INCONCLUSIVE}


def test_a_login_that_people_share_is_refused_at_the_door():
    """16: one account, one owner."""
    text = "people:\n- {person: a, accounts: [x:1]}\n- {person: b, accounts: [x:2, X:1]}\n"
    with pytest.raises(
        InputError, match=r"people\.yaml:3: the account 'X:1' belongs to a and to b"
    ):
        read_people(text, file="people.yaml")
