"""Landed changes: every kind of bad line names file, line and key, and what would be right."""

import json

import pytest

from release_assets.domain.errors import InputError
from release_assets.domain.people.landed import read_change_records

REVIEW = {"account": "gh:2", "state": "approved", "tree": "t", "at": "2026-06-01T10:00:00Z"}
CHANGE = {"change": "101", "authors": ["gh:1"], "reviews": [REVIEW], "bypassed": False}


def review(**changed):
    return {"reviews": [REVIEW, REVIEW | changed]}


BAD = {
    "change missing": ({"change": None}, "'change' must be text, not nothing"),
    "change number": ({"change": 101}, "'change' must be text, not 101"),
    "authors": ({"authors": "gh:1"}, "'authors' must be a list, not the text 'gh:1'"),
    "an author": ({"authors": ["gh:1", 7]}, "'authors[2]' must be text, not 7"),
    "pushers": ({"pushers": {}}, "'pushers' must be a list, not an empty mapping"),
    "reviews": ({"reviews": 1}, "'reviews' must be a list, not 1"),
    "a review": ({"reviews": ["gh:2"]}, "'reviews[1]' must be a mapping of keys to values"),
    "state": (review(state="approvd"), "unknown word 'approvd' (did you mean 'approved'?)"),
    "state null": (review(state=None), "'reviews[2].state' must be one of 'approved'"),
    "time": (
        review(at="yesterday"),
        "'reviews[2].at' must be a time with its zone",
    ),
    "naive": (
        {"landed_at": "2026-06-01T11:00:00"},
        "'landed_at' must be a time with its zone",
    ),
    "digits": (
        {"landed_at": "2026"},
        "'landed_at' must be a time with its zone",
    ),
    "a number": ({"landed_at": 1780311600}, "'landed_at' must be a time with its zone"),
    "negative": (review(at="-5"), "'reviews[2].at' must be a time with its zone"),
    "bypassed": ({"bypassed": "no"}, "'bypassed' must be true or false, not the text 'no'"),
    "misspelt": ({"authours": []}, "unknown word 'authours' (did you mean 'authors'?)"),
    "misspelt inside": (review(acount="x"), "unknown word 'acount' (did you mean 'account'?)"),
    "own": ({"repository": "x"}, "unknown word 'repository'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_refused_with_its_place_and_its_key(name):
    changed, message = BAD[name]
    lines = [CHANGE, CHANGE | {"change": "102"} | changed]

    with pytest.raises(InputError) as caught:
        read_change_records("\n".join(map(json.dumps, lines)), file="changes.jsonl")

    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("changes.jsonl", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (json.dumps(CHANGE) + "\n" + json.dumps(CHANGE), "change"),
        ('{"change": "1", "change": "1"}', "duplicate key 'change'"),
        ('{"change": NaN}', "'NaN' is not a finite number"),
        ("[1]", "a line must be one JSON object"),
        ('{"change": "1"', "is not JSON"),
        ('{"authors": []}', "the key 'change' is missing"),
    ],
)
def test_what_is_no_list_of_changes_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        read_change_records(text, file="changes.jsonl")
