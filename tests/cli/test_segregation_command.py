"""`countersign segregation check` over exported changes."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from release_assets.cli.segregation import segregation as command
from release_assets.domain.errors import InputError, UnknownWordError

PEOPLE = [
    {"person": "ada", "accounts": ["gh:1", "gh:11"]},
    {"person": "ben", "accounts": ["gh:2"]},
    {"person": "rosa", "accounts": ["gh:3"]},
    {"person": "bot", "accounts": ["gh:8"], "robot": True, "directed_by": ["ada"]},
    {"person": "deploy-bot", "accounts": ["gh:9"], "robot": True, "directed_by": []},
    {"person": "stray", "accounts": ["gh:7"], "robot": True},
]
CLEAN: dict[str, Any] = {
    "change": "101",
    "authors": ["gh:1"],
    "pushers": ["gh:1"],
    "reviews": [
        {"account": "gh:2", "state": "approved", "tree": "t1", "at": "2026-06-01T10:00:00Z"}
    ],
    "tree": "t1",
    "landed_at": "2026-06-01T11:00:00Z",
    "merged_by": "gh:2",
    "deployed_by": "gh:3",
    "bypassed": False,
}


def review(**more):
    return CLEAN["reviews"][0] | more


def check(tmp_path, *changes, people=PEOPLE):
    for name, rows in (("changes.jsonl", changes), ("people.jsonl", people)):
        (tmp_path / name).write_text("\n".join(json.dumps(row) for row in rows))
    return run(tmp_path / "changes.jsonl", tmp_path / "people.jsonl")


def run(changes, people):
    arguments = ["check", "--changes", str(changes), "--people", str(people), "--json"]
    return CliRunner().invoke(command, arguments)


def test_a_clean_change_passes(tmp_path):
    result = check(tmp_path, CLEAN)
    found = json.loads(result.stdout)

    assert result.exit_code == 0
    assert (found["outcome"], found["changes"], found["violations"]) == ("passed", 1, [])
    assert {f["outcome"] for f in found["findings"]} == {"passed"}


VIOLATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "the author reviews": ({"reviews": [review(account="gh:1")]}, "reviewers_are_independent"),
    "the author reviews with a second account": (
        {"reviews": [review(account="gh:11")]},
        "reviewers_are_independent",
    ),
    "a pusher reviews": ({"pushers": ["gh:1", "gh:2"]}, "reviewers_are_independent"),
    "a robot reviews": ({"reviews": [review(account="gh:9")]}, "reviewers_are_independent"),
    "no review": ({"reviews": []}, "reviewers_are_independent"),
    "a comment only": ({"reviews": [review(state="commented")]}, "reviewers_are_independent"),
    "a dismissed review": (
        {"reviews": [review(), review(state="dismissed", at="2026-06-01T10:30:00Z")]},
        "reviewers_are_independent",
    ),
    "a review of another tree": ({"reviews": [review(tree="t0")]}, "reviews_saw_the_final_tree"),
    "a review after the landing": (
        {"reviews": [review(at="2026-06-01T12:00:00Z")]},
        "reviewers_are_independent",
    ),
    "an objection": (
        {"reviews": [review(), review(state="changes_requested", at="2026-06-01T10:30:00Z")]},
        "no_reviewer_objects",
    ),
    "the author deploys": ({"deployed_by": "gh:1"}, "deployer_did_not_contribute"),
    "the author's robot deploys": ({"deployed_by": "gh:8"}, "deployer_did_not_contribute"),
    "a robot without a known director deploys": (
        {"deployed_by": "gh:7"},
        "every_identity_is_known",
    ),
    "the reviewer's robot wrote it": (
        {"authors": ["gh:8"], "pushers": ["gh:8"], "reviews": [review(account="gh:1")]},
        "reviewers_are_independent",
    ),
    "an unknown author": ({"authors": ["gh:1", "gh:404"]}, "every_identity_is_known"),
    "an unknown merger": ({"merged_by": "gh:404"}, "every_identity_is_known"),
    "an unknown deployer": ({"deployed_by": "gh:404"}, "every_identity_is_known"),
    "the rules were bypassed": ({"bypassed": True}, "nothing_was_bypassed"),
    "authors unknown": ({"authors": None}, "every_identity_is_known"),
    "no authors": ({"authors": []}, "every_identity_is_known"),
    "pushers unknown": ({"pushers": None}, "every_identity_is_known"),
    "reviews unknown": ({"reviews": None}, "reviewers_are_independent"),
    "the tree is unknown": ({"tree": None}, "reviews_saw_the_final_tree"),
    "the tree of the review is unknown": (
        {"reviews": [review(tree=None)]},
        "reviewers_are_independent",
    ),
    "the time of the review is unknown": (
        {"reviews": [review(at=None)]},
        "reviewers_are_independent",
    ),
    "the reviewer is unknown": (
        {"reviews": [review(account=None)]},
        "reviewers_are_independent",
    ),
    "the time of the landing is unknown": ({"landed_at": None}, "landing_is_dated"),
    "the deployer is unknown": ({"deployed_by": None}, "deployer_did_not_contribute"),
    "whether it was bypassed is unknown": ({"bypassed": None}, "nothing_was_bypassed"),
}


@pytest.mark.parametrize("how", VIOLATIONS)
def test_a_violation_is_reported_with_its_code(tmp_path, how):
    change, code = VIOLATIONS[how]

    result = check(tmp_path, CLEAN | {"change": "100"}, CLEAN | change)

    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["outcome"] == "failed"
    assert code in {v["code"] for v in found["violations"]}
    assert {v["change"] for v in found["violations"]} == {"101"}
    assert all(v["because"] for v in found["violations"])


@pytest.mark.parametrize("key", sorted(CLEAN.keys() - {"change", "merged_by"}))
def test_an_absent_key_is_unknown_and_does_not_pass(tmp_path, key):
    absent = {name: value for name, value in CLEAN.items() if name != key}

    assert check(tmp_path, absent).exit_code == 1


def test_no_rule_needs_to_know_who_merged(tmp_path):
    absent = {name: value for name, value in CLEAN.items() if name != "merged_by"}

    assert check(tmp_path, absent).exit_code == 0


YAML = """\
people:
- {person: ada, accounts: ["gh:1"], roles: [{role: author, from: 2026-01-01}]}
- {person: ben, accounts: ["gh:2"], roles: [{role: reviewer, from: 2026-01-01, until: 2026-05-31}]}
- {person: rosa, accounts: ["gh:3"], roles: [{role: release_manager, from: 2026-01-01}]}
"""


@pytest.mark.parametrize(("until", "code"), [("2026-05-31", 1), ("2026-06-01", 0)])
def test_a_roster_with_roles_asks_for_the_reviewers_role(tmp_path, until, code):
    """A role is held through its last day."""
    (tmp_path / "changes.jsonl").write_text(json.dumps(CLEAN))
    (tmp_path / "people.yaml").write_text(YAML.replace("2026-05-31", until))

    assert run(tmp_path / "changes.jsonl", tmp_path / "people.yaml").exit_code == code


def test_people_read_the_same_without_json(tmp_path):
    check(tmp_path, CLEAN | {"bypassed": True})
    files = (str(tmp_path / "changes.jsonl"), str(tmp_path / "people.jsonl"))
    printed = CliRunner().invoke(command, ["check", "--changes", files[0], "--people", files[1]])

    assert "change 101: the host's rules were bypassed to land it" in printed.stdout


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ("", InputError),
        ("{", InputError),
        ('{"change": "1", "authours": []}', UnknownWordError),
        ('{"change": "1", "reviews": [{"state": "approvd"}]}', UnknownWordError),
        ('{"change": "1", "landed_at": "yesterday"}', InputError),
        ('{"change": "1"}\n{"change": "1"}', InputError),
        ('{"authors": []}', InputError),
    ],
)
def test_what_cannot_be_read_is_an_input_error(tmp_path, changes, error):
    check(tmp_path, CLEAN)
    (tmp_path / "changes.jsonl").write_text(changes)

    result = run(tmp_path / "changes.jsonl", tmp_path / "people.jsonl")

    assert isinstance(result.exception, error)
    assert result.exception.file == str(tmp_path / "changes.jsonl")


def test_a_missing_file_is_an_input_error(tmp_path):
    result = run(tmp_path / "none.jsonl", tmp_path / "none.yaml")

    assert isinstance(result.exception, InputError)
    assert "No such file" in str(result.exception)


def test_an_account_of_two_persons_is_an_input_error(tmp_path):
    twins = [*PEOPLE, {"person": "eve", "accounts": ["GH:1"]}]

    result = check(tmp_path, CLEAN, people=twins)

    assert "the account 'GH:1' belongs to ada and to eve" in str(result.exception)
