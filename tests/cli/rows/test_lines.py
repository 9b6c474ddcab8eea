"""JSON lines of any row: strict, in bounded memory, and quick only where nothing can hide."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from release_assets.cli.rows.calls import CallRow
from release_assets.cli.rows.lines import RowReader, text_lines
from release_assets.cli.rows.results import ResultRow
from release_assets.domain.errors import InputError, UnknownWordError

CALL = {
    "at": "2026-03-02T09:00:00Z",
    "arm": "stable",
    "unit": "u",
    "latency_ms": 1.5,
    "error": False,
    "cost_usd": None,
    "scores": {"groundedness": 1.0},
    "slices": {"locale": "de-DE"},
}


def read(text, row=CallRow):
    return RowReader("calls.jsonl", row).of_text(text.encode(), 7)


def refusal(text, row=CallRow):
    with pytest.raises(InputError) as caught:
        read(text, row)
    assert (caught.value.file, caught.value.line) == ("calls.jsonl", 7)
    return caught.value


HIDDEN = {
    "at the top": ('"unit": "u"', '"unit": "a", "unit": "u"', "unit"),
    "of equal value": ('"unit": "u"', '"unit": "u", "unit": "u"', "unit"),
    "in an object": ('"locale": "de-DE"', '"locale": "x", "locale": "de-DE"', "locale"),
    "before a spaced colon": ('"unit": "u"', '"unit" : "a", "unit": "u"', "unit"),
    "before two spaces": ('"unit": "u"', '"unit"  : "a", "unit": "u"', "unit"),
    "before a tab": ('"unit": "u"', '"unit"\t: "a", "unit": "u"', "unit"),
    "before a carriage return": ('"unit": "u"', '"unit"\r: "a", "unit": "u"', "unit"),
    "in escapes": ('"unit": "u"', '"\\u0075nit": "a", "unit": "u"', "unit"),
    "of the user's own": ('"unit": "u"', '"own": 1, "unit": "u", "own": 2', "own"),
    "inside the user's own": ('"unit": "u"', '"own": [{"a": 1, "a": 2}], "unit": "u"', "a"),
    "beside text like a key": ('"unit": "u"', '"unit" :"u:", "unit":":"', "unit"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_key_that_comes_twice_is_refused_wherever_it_hides(how):
    old, new, key = HIDDEN[how]

    assert f"duplicate key '{key}'" in str(refusal(json.dumps(CALL).replace(old, new)))


keys = st.sampled_from(["unit", "own", "pair", "scores", ":", "a:", "é", 'q"'])
gaps = st.sampled_from(["", " ", "  ", "\t", "\r"])
texts = st.sampled_from(["u", ":", ": ", " :", '":', "\\", "é", "NaN"])
values = st.builds(json.dumps, texts, ensure_ascii=st.booleans())


@given(st.lists(st.tuples(keys, gaps, gaps, values), max_size=4), gaps)
def test_no_row_is_taken_that_pythons_reader_of_json_would_find_a_twin_in(more, gap):
    """Whatever spaces, escapes and texts a line is made of."""
    whole = json.dumps(CALL)[:-1]
    for key, before, after, value in more:
        written = '{"groundedness"' + gap + ": 1}" if key == "scores" else value
        whole += f", {json.dumps(key)}{before}:{after}{written}"
    pairs = json.loads(whole + "}", object_pairs_hook=lambda found: found)
    has_twins = len({key for key, _ in pairs}) < len(pairs)

    with contextlib.suppress(InputError):
        read(whole + "}")
        assert not has_twins


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("key", ["latency_ms", "own"])
def test_what_json_does_not_have_is_refused_even_beside_the_declared_keys(key, number):
    text = json.dumps(CALL | {key: 1}).replace(f'"{key}": 1', f'"{key}": {number}')

    assert f"'{number}' is not a finite number" in str(refusal(text))


def test_a_key_of_the_users_own_is_welcome_and_kept():
    row = read(json.dumps(CALL | {"model": "m-1", "tokens": [1, {"in": 3}]}))

    assert row.model_extra == {"model": "m-1", "tokens": [1, {"in": 3}]}


@pytest.mark.parametrize("other", [{}, {"unit": 7}])
def test_a_misspelt_key_is_reported_first_and_with_the_nearest_one(other):
    error = refusal(json.dumps(CALL | {"feedbak": "positive"} | other))

    assert isinstance(error, UnknownWordError)
    assert "unknown word 'feedbak' (did you mean 'feedback'?)" in str(error)


def test_a_key_in_use_may_look_like_a_declared_one():
    text = json.dumps({"case": "c", "scorer": "s", "score": 1, "slices": "x"})

    assert "did you mean 'slice'?" in str(refusal(text, ResultRow))
    assert RowReader("f", ResultRow, own=["slices"]).of_text(text.encode(), 1).case == "c"


@pytest.mark.parametrize(
    "name", ["", " ", "   ", "a\x7f", "a\x1b[31m", "a\u2028b", "\u200b", "a\n"]
)
def test_a_name_is_text_that_can_be_printed(name):
    assert "must be printable text" in str(refusal(json.dumps(CALL | {"unit": name})))


@pytest.mark.parametrize("name", [" a", "a b", "質問", "é", "u" * 500, "x "])
def test_any_alphabet_and_inner_spaces_make_a_name(name):
    assert read(json.dumps(CALL | {"unit": name}, ensure_ascii=False)).unit == name


def test_a_row_is_frozen():
    with pytest.raises(ValidationError):
        read(json.dumps(CALL)).unit = "other"


def test_lines_are_numbered_with_the_blank_ones_and_lose_the_space_around(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf one\r\n\n \t\n  two  \nthree")

    assert list(text_lines(str(path), "rows")) == [(1, b"one"), (4, b"two"), (5, b"three")]
