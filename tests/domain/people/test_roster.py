"""The roster: who is who, when, and which rosters are refused."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.people.roster import RobotKind, Role, Validity
from release_assets.domain.people.roster_file import read_people, read_people_lines

TEXT = """\
people:
  - person: ada
    name: Ada Okafor
    accounts: [local:ada, "github:1815"]
    emails: [ada@example.com]
    keys: [{public_key: "ssh-ed25519 AAAAada ada@laptop", valid_from: 2026-01-01}]
    roles: [{role: author, from: 2026-01-01, until: null}]
  - person: ben
    accounts: [local:ben]
    emails: [ben@example.com]
    keys: [{public_key: "ssh-ed25519 AAAAben", valid_from: 2026-01-01, valid_until: 2026-06-30}]
    roles: [{role: reviewer, from: 2026-01-01, until: 2026-06-30}]
robots:
  - {robot: release-bot, kind: ci, accounts: [local:release-bot], directed_by: [ada]}
"""
ROSTER = read_people(TEXT, file="people.yaml")


def at(day, hour=12):
    month, day_of_month = day
    return datetime(2026, month, day_of_month, hour, tzinfo=UTC)


def test_an_account_leads_to_its_person():
    assert ROSTER.person_of("local:ada") is ROSTER.person_of("github:1815") is ROSTER.person("ada")


def test_an_account_leads_to_its_robot_and_who_directs_it():
    bot = ROSTER.person_of("local:release-bot")

    assert (bot.id, bot.kind, bot.directed_by) == ("release-bot", RobotKind.CI, ("ada",))


@pytest.mark.parametrize("account", ["", "ada", "local:Ada", "ada@example.com", "local:ada "])
def test_no_owner_is_guessed(account):
    assert ROSTER.person_of(account) is None


@pytest.mark.parametrize("name", ["local:ada", "ada@example.com", "email:ADA@Example.com"])
def test_an_author_is_found_by_e_mail_too(name):
    assert ROSTER.author_of(name).id == "ada"


def test_an_empty_e_mail_has_no_owner():
    assert ROSTER.author_of("email:") is None


@pytest.mark.parametrize(
    ("moment", "holds"),
    [(at((6, 30), 23), True), (at((7, 1), 0), False), (at((1, 1), 0), True)],
)
def test_a_role_is_held_through_its_last_day(moment, holds):
    assert ROSTER.person("ben").holds(Role.REVIEWER, moment) is holds


def test_a_role_begins_on_its_day():
    assert not Validity(since=date(2026, 1, 2)).covers(at((1, 1), 23))


def test_a_key_leads_to_its_owner_without_its_comment():
    owner = ROSTER.owner_of("ssh-ed25519 AAAAada somebody@else")

    assert owner is not None
    person, key = owner
    assert (person.id, key.public_key) == ("ada", "ssh-ed25519 AAAAada")
    assert ROSTER.owner_of("ssh-ed25519 AAAAeve") is None


def test_the_digest_is_of_the_meaning_and_not_of_the_text():
    spaced = TEXT.replace("people:", "# who is who\npeople:").replace(" ada@laptop", "")

    assert read_people(spaced, file="other.yaml").digest == ROSTER.digest
    assert replace(ROSTER, robots=()).digest != ROSTER.digest


REFUSED = {
    "an account of two persons": (
        TEXT.replace("local:ben", "github:1815"),
        "people.yaml:9: the account 'github:1815' belongs to ada and to ben",
    ),
    "an account of a person and a robot": (
        TEXT.replace("local:release-bot", "local:ben"),
        "people.yaml:14: the account 'local:ben' belongs to ben and to release-bot",
    ),
    "an e-mail of two persons": (
        TEXT.replace("ben@example.com", "Ada@example.com"),
        "people.yaml:10: the e-mail 'Ada@example.com' belongs to ada and to ben",
    ),
    "a key of two persons": (
        TEXT.replace("AAAAben", "AAAAada other comment"),
        "people.yaml:11: the key 'ssh-ed25519 AAAAada' belongs to ada and to ben",
    ),
    "a person twice": (
        TEXT.replace("person: ben", "person: ada"),
        "people.yaml:8: duplicate name 'ada' of ada",
    ),
    "a robot named like a person": (
        TEXT.replace("robot: release-bot", "robot: ada"),
        "people.yaml:14: duplicate name 'ada' of ada",
    ),
    "a robot directed by nobody we know": (
        TEXT.replace("directed_by: [ada]", "directed_by: [eve]"),
        "people.yaml:14: release-bot is directed by 'eve', who is not a person in this file",
    ),
    "a robot without directors": (
        TEXT.replace(", directed_by: [ada]", ""),
        "people.yaml:14: the key 'robots[1].directed_by' is missing",
    ),
    "a name with a space": (
        TEXT.replace("person: ben", "person: ben b"),
        "people.yaml:8: 'people[2].person' must be one word without spaces",
    ),
    "half a key": (
        TEXT.replace("ssh-ed25519 AAAAben", "AAAAben"),
        "must be a public key line",
    ),
    "an impossible day": (TEXT.replace("2026-06-30", "2026-06-31"), "people.yaml"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_roster_is_refused_at_its_line(why):
    text, sentence = REFUSED[why]
    with pytest.raises(InputError) as refused:
        read_people(text, file="people.yaml")

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("role: reveiwer", "reviewer"), ("acounts: [x]", "accounts"), ("kind: cy", "ci")],
)
def test_an_unknown_word_is_refused_with_the_nearest_one(wrong, right):
    start = wrong.partition(":")[0]
    known = {"role": "role: reviewer", "acounts": "accounts: [local:ben]", "kind": "kind: ci"}
    with pytest.raises(UnknownWordError, match=f"did you mean '{right}'"):
        read_people(TEXT.replace(known[start], wrong), file="people.yaml")


def test_people_in_lines_may_leave_roles_out():
    lines = (
        '{"person": "ada", "accounts": ["a"]}\n{"person": "x", "accounts": ["b"], "robot": true}'
    )
    roster = read_people_lines(lines, file="people.jsonl")

    assert not roster.states_roles
    assert roster.person_of("b").directed_by is None
    assert roster.person("x") is None


def test_people_in_lines_may_state_roles():
    lines = '{"person": "ada", "accounts": ["a"], "roles": [{"role": "reviewer"}]}'
    roster = read_people_lines(lines, file="people.jsonl")

    assert roster.states_roles
    assert roster.person("ada").holds(Role.REVIEWER, at((1, 1)))
