"""Who contributed, in the words a release manager reads."""

import pytest

from release_assets.domain.evals.rows import EvalCase
from release_assets.domain.people.contributors import (
    Contributors,
    changed_case_authors,
    contributors,
)
from tests.domain.people.cast import HEAD, ROSTER, change, commit, merge, push


def made_by(given=None, **more):
    return contributors(given or change(), ROSTER, **({"case_authors": {}} | more))


def case(name, question="How many days?", authors=("local:rosa",)):
    return EvalCase(id=name, question=question, expected={}, family=name, authors=authors)


@pytest.mark.parametrize(
    ("given", "person", "sentence"),
    [
        (change(), "ada", "ada wrote 2 commits of this release"),
        (
            change(commits=(commit("local:dev", sha=HEAD),)),
            "dev",
            "dev wrote 1 commit of this release",
        ),
        (change(author="local:dev"), "dev", "dev opened the change of this release"),
        (change(pushes=(push(), push("local:dev"))), "dev", "dev pushed to this release"),
        (
            change(pushes=(push(), push("local:agent"))),
            "ben",
            "ben directs agent, which pushed to this release",
        ),
    ],
)
def test_what_a_person_did_is_summarised_by_its_weightiest_part(given, person, sentence):
    assert made_by(given).sentence(person) == sentence


@pytest.mark.parametrize(
    ("cases", "sentence"),
    [
        (["prod-231"], "rosa wrote the eval case prod-231 of this release"),
        (["prod-231", "prod-232"], "rosa wrote 2 eval cases of this release"),
    ],
)
def test_eval_cases_are_work_too(cases, sentence):
    found = made_by(case_authors=dict.fromkeys(cases, ("local:rosa",)))

    assert found.sentence("rosa") == sentence


def test_commits_and_cases_are_named_together():
    found = made_by(case_authors={"prod-231": ["local:ada"]})

    assert found.sentence("ada") == (
        "ada wrote 2 commits and the eval case prod-231 of this release"
    )


def test_a_commit_counts_once_however_often_its_author_is_named():
    given = change(commits=(commit("local:ada", "local:ada", "email:ada@example.com", sha=HEAD),))

    assert made_by(given).sentence("ada") == "ada wrote 1 commit of this release"


def test_whoever_merges_without_a_change_of_their_own_did_not_contribute():
    assert "ben" not in made_by(automatic_merge_tree=merge().tree).deeds


def test_only_new_and_changed_cases_count():
    before = [case("a"), case("b"), case("c", authors=("local:dev",))]
    after = [case("a"), case("b", question="How many weeks?"), case("d", authors=("local:iris",))]

    assert changed_case_authors(before, after) == {"b": ("local:rosa",), "d": ("local:iris",)}


def test_the_contributors_of_several_changes_count_together():
    other = change(number=102, author="local:dev", commits=(commit("local:dev", sha=HEAD),))
    whole = Contributors.together([made_by(), made_by(other), made_by(change(commits=()))])

    assert whole.people == ("ada", "dev")
    assert whole.sentence("ada") == "ada wrote 2 commits of this release"
    assert whole.unknown == ("the commits of change 101 are unknown",)
