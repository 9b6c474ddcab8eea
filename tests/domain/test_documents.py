"""What people write is read strictly, and each refusal says where and what instead."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from release_assets.domain.documents import (
    FileRecord,
    decode,
    read_document,
    read_json_lines,
    read_located,
)
from release_assets.domain.errors import InputError, UnknownWordError


class Paint(FileRecord):
    colour: Literal["red", "green"]
    litres: float = Field(gt=0, default=1)
    coats: int = 1


class Shed(FileRecord):
    owner: str
    built: date | None = None
    locked: bool = False
    paints: tuple[Paint, ...] = ()
    limits: dict[str, float] = {}  # noqa: RUF012


class Case(FileRecord):
    id: str
    question: str


def refusal(text, model=Shed):
    with pytest.raises(InputError) as caught:
        read_document(text, model, file="shed.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "shed.yaml:1: the file is empty"),
        ("# only a comment\n", "shed.yaml:1: the file is empty"),
        ("- a\n- b\n", "shed.yaml:1: must be a mapping of keys to values"),
        ("just words\n", "shed.yaml:1: must be a mapping of keys to values"),
        ("built: 2026-01-01\n", "shed.yaml:1: the key 'owner' is missing"),
        ("owner: ada\nowner: ben\n", "shed.yaml:2: duplicate key 'owner', first on line 1"),
        ("{owner: a, owner: b}\n", "shed.yaml:1: duplicate key 'owner', first on line 1"),
        (
            "owner: ada\nlimits: {x: 1}\n\tlocked: true\n",
            "is indented with a tab (indent with spaces)",
        ),
        ("owner: [a\n", "shed.yaml:2: this is not YAML: "),
        ("owner: ada\n---\nowner: ben\n", "shed.yaml:2: this is not YAML: "),
        ("owner: 5\n", "shed.yaml:1: 'owner' must be text, not 5"),
        ("owner:\n", "shed.yaml:1: 'owner' must be text, not nothing"),
        ("owner: yes\n", "shed.yaml:1: 'owner' must be text, not true"),
        ("owner: [x]\n", "shed.yaml:1: 'owner' must be text, not a list"),
        ("owner: {x: y}\n", "shed.yaml:1: 'owner' must be text, not a mapping"),
        ("owner: a\nlocked: 1\n", "shed.yaml:2: 'locked' must be true or false, not 1"),
        ("owner: a\npaints: red\n", "shed.yaml:2: 'paints' must be a list, not the text 'red'"),
        ("owner: a\nlimits: 3\n", "shed.yaml:2: 'limits' must be a mapping of keys to values"),
        ("owner: a\nlimits: {x: 1e-3}\n", "not the text '1e-3' (write 0.001, without quotes)"),
        ("owner: a\nlimits: {x: NaN}\n", "'limits.x' must be a number, not the text 'NaN'"),
        ("owner: a\nlimits: {x: .nan}\n", "shed.yaml:2: '.nan' is not a possible number or date"),
        ("owner: a\nlimits: {x: -.inf}\n", "'-.inf' is not a possible number or date"),
        ("owner: a\nbuilt: 2027-02-30\n", "shed.yaml:2: '2027-02-30' is not a possible number"),
        ("owner: a\nbuilt: soon\n", "'built' must be a date like 2026-01-31, not the text 'soon'"),
        ("owner: a\nlimits: {x: " + "9" * 5000 + "}\n", "is not a possible number or date"),
        ("owner: a\nlimits: {x: " + "9" * 400 + "}\n", "is not a possible number or date"),
        (
            "owner: &a x\nbuilt: *a\n",
            "shed.yaml:2: YAML aliases are not supported; write the value out",
        ),
        (
            "owner: !!python/name:os.system x\n",
            "shed.yaml:1: YAML tags like '!!python/name:os.system' are not supported",
        ),
        ("owner: !secret x\n", "shed.yaml:1: YAML tags like '!secret' are not supported"),
        ("owner: !!bool maybe\n", "shed.yaml:1: YAML tags like '!!bool' are not supported"),
        ("owner: =\n", "shed.yaml:1: '=' has a special meaning in YAML"),
        ("owner: a\n<<: {built: 2026-01-01}\n", "shed.yaml:2: a key must be text"),
        ("owner: !!binary aGk=\n", "shed.yaml:1: YAML tags like '!!binary' are not supported"),
        ("owner: a\n1: b\n", "shed.yaml:2: a key must be text (write '1' in quotes)"),
        ("owner: a\non: b\n", "shed.yaml:2: a key must be text (write 'on' in quotes)"),
        ("owner: a\n? [b]\n: c\n", "shed.yaml:2: a key must be text"),
        ("owner: a\x00\n", "shed.yaml:1: contains a character that is not text"),
        ('owner: "\\ud800"\n', "contains a character that is not text"),
        ("owner: " + "[" * 40 + "]" * 40, "shed.yaml:1: nested deeper than 30 levels"),
    ],
)
def test_an_unreadable_document_is_refused_in_one_sentence(text, sentence):
    assert sentence in refusal(text)


@pytest.mark.parametrize(
    ("text", "line", "near"),
    [
        ("ownr: ada\n", 1, "owner"),
        ("owner: a\npaints:\n  - color: red\n", 3, "colour"),
        ("owner: a\npaints:\n  - {colour: gren}\n", 3, "green"),
        ("owner: a\npaints:\n  - colour: red\n    litre: 2\n", 4, "litres"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(text, line, near):
    with pytest.raises(UnknownWordError) as caught:
        read_document(text, Shed, file="shed.yaml")
    assert (caught.value.line, caught.value.hint) == (line, f"did you mean '{near}'?")


def test_a_misspelt_key_is_reported_before_the_key_that_it_makes_missing():
    assert "unknown word 'ownr'" in refusal("built: 2026-01-01\nownr: ada\n")


def test_a_bad_value_deep_inside_is_reported_with_its_own_line():
    text = "owner: a\npaints:\n  - colour: red\n  - colour: red\n    litres: -1\n"
    assert refusal(text) == "shed.yaml:5: 'paints[2].litres' must be more than 0, not -1"


def test_the_earliest_of_several_faults_is_reported_first():
    assert refusal("locked: 3\nowner: 4\n").startswith("shed.yaml:1: 'locked'")


def test_a_whole_number_is_not_a_fraction():
    text = "owner: a\npaints: [{colour: red, coats: 1.5}]\n"
    assert "'paints[1].coats' must be a whole number, not 1.5" in refusal(text)


def test_a_readable_document_becomes_a_record():
    text = "owner: ada\nbuilt: 2026-01-31\npaints: [{colour: red, litres: 2}]\n"
    shed = read_document(text, Shed, file="shed.yaml")
    assert shed.built == date(2026, 1, 31)
    assert shed.paints == (Paint(colour="red", litres=2.0),)


def test_every_path_of_a_located_record_has_its_line():
    lines = read_located("owner: a\npaints:\n  - colour: red\n", Shed, file="f").lines
    assert lines.line("paints", 0, "colour") == 3
    assert lines.line("paints", 0, "litres") == 3  # not written: the stage around it
    assert str(lines.error("is odd", "paints", hint="look")) == "f:2: is odd (look)"


def test_bytes_that_are_not_utf8_are_refused_with_their_line():
    with pytest.raises(InputError, match="f:2: is not UTF-8 text"):
        decode(b"ok\n\xff\n", file="f")


def test_a_byte_order_mark_is_not_part_of_the_text():
    assert decode(b"\xef\xbb\xbfowner: a", file="f") == "owner: a"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cases.jsonl: the file is empty (write one JSON object on each line)"),
        ("\n  \n", "cases.jsonl: the file is empty"),
        ('{"id": "a", "question": "q"}\n{"id": \n', "cases.jsonl:2: is not JSON: "),
        ('["a"]\n', "cases.jsonl:1: a line must be one JSON object"),
        ('{"id": "a", "id": "b", "question": "q"}\n', "cases.jsonl:1: duplicate key 'id'"),
        ('{"id": "a", "question": NaN}\n', "cases.jsonl:1: 'NaN' is not a finite number"),
        ('{"id": "a"}\n', "cases.jsonl:1: the key 'question' is missing"),
        ('{"id": 7, "question": "q"}\n', "cases.jsonl:1: 'id' must be text, not 7"),
        ('{"id": "a", "questin": "q"}\n', "unknown word 'questin' (did you mean 'question'?)"),
        ("[" * 100_000, "cases.jsonl:1: "),
        (
            '{"id": "a", "question": "q"}\n\n{"id": "a", "question": "r"}\n',
            "cases.jsonl:3: duplicate id 'a', first on line 1",
        ),
    ],
)
def test_an_unreadable_line_is_refused_with_its_number(text, sentence):
    with pytest.raises(InputError) as caught:
        read_json_lines(text, Case, file="cases.jsonl")
    assert sentence in str(caught.value)


def test_a_line_separator_inside_a_question_does_not_end_the_line():
    text = '{"id": "a", "question": "one\u2028two"}\n'
    assert read_json_lines(text, Case, file="f")[0].question == "one\u2028two"


def test_ids_may_repeat_where_nothing_must_be_unique():
    text = '{"id": "a", "question": "q"}\n' * 2
    assert len(read_json_lines(text, Case, file="f", unique=None)) == 2


def read_or_refuse(text):
    """The file of the refusal, or of the record: nothing else may come out."""
    try:
        read_document(text, Shed, file="f")
    except InputError as exc:
        return exc.file
    return "f"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    assert read_or_refuse(text) == "f"


@given(st.text(alphabet="ab:- \n\t{}[]'\"!&*?|>%@`#,0.", max_size=80))
def test_any_knot_of_punctuation_is_read_or_refused(text):
    assert read_or_refuse(text) == "f"


@given(st.text(max_size=80))
def test_any_line_is_read_or_refused(text):
    with pytest.raises(InputError, match=r"^f"):
        read_json_lines(f"{text}\n", Case, file="f")


@pytest.mark.parametrize("text", ["NaN", "1e400", "-inf"])
def test_no_hint_advises_to_write_what_is_not_a_number(text):
    assert "without quotes" not in refusal(f"owner: a\nlimits: {{x: {text}}}\n")
