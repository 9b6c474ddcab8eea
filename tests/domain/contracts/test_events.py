"""A new schema allows nothing that consumers of the old one would refuse, or nobody says yes."""

from copy import deepcopy
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from release_assets.domain.contracts.events import KEPT, READABLE, judge_contract
from release_assets.domain.contracts.subset import compare_schemas
from release_assets.domain.finding import Outcome
from tests.domain.evals.suites import only

OLD: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["call", "latency_ms"],
    "properties": {
        "call": {"type": "string", "minLength": 1},
        "latency_ms": {"type": "number", "minimum": 0},
        "behaviour": {"enum": ["answer", "refuse"]},
        "citations": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "locale": {"type": ["string", "null"], "pattern": "^[a-z]{2}-[A-Z]{2}$"},
        "retries": {"type": "integer"},
    },
}


def changed(*path, to=None, **fields):
    """The old schema with the place at `path` replaced, removed (no `to`), or extended."""
    schema = deepcopy(OLD)
    place = schema
    for name in path[:-1]:
        place = place[name]
    if fields:
        place[path[-1]].update(fields)
    elif to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return schema


def judge(new, old=OLD, errors=(), events=3):
    return judge_contract(old, new, errors, name="answer_given", events=events)


COMPATIBLE = {
    "nothing changed": OLD,
    "a field added": changed("properties", "cost_usd", to={"type": "number"}),
    "a field now always there": changed("required", to=["call", "latency_ms", "behaviour"]),
    "an enumeration narrowed": changed("properties", "behaviour", to={"const": "refuse"}),
    "a type narrowed": changed("properties", "latency_ms", type="integer"),
    "a limit raised": changed("properties", "latency_ms", minimum=5),
    "an excluded limit that is the same for whole numbers": changed(
        "properties", "latency_ms", to={"type": "integer", "exclusiveMinimum": -1}
    ),
    "values enumerated that the old limits allow": changed(
        "properties", "retries", to={"enum": [0, 1, 2]}
    ),
    "a field that can no longer be null": changed("properties", "locale", type="string"),
    "further fields forbidden": OLD | {"additionalProperties": False},
    "an optional field dropped for good": changed("properties", "retries")
    | {"additionalProperties": False},
    "notes rewritten": OLD | {"title": "Answer", "description": "new", "examples": []},
}
BREAKING = {
    "a required field removed": (
        changed("properties", "call") | {"required": ["latency_ms"]},
        "event.call was removed",
    ),
    "a field no longer required": (
        changed("required", to=["call"]),
        "event.latency_ms is no longer required",
    ),
    "an optional field no longer declared": (
        changed("properties", "retries"),
        "event.retries (no longer declared): type widened from integer to anything",
    ),
    "a type changed": (
        changed("properties", "retries", type="string"),
        "event.retries: type widened from integer to string",
    ),
    "an integer turned number": (
        changed("properties", "retries", type="number"),
        "event.retries: type widened from integer to number",
    ),
    "null allowed": (
        changed("properties", "call", type=["string", "null"]),
        "event.call: type widened from string to string, null",
    ),
    "an enumeration widened": (
        changed("properties", "behaviour", enum=["answer", "refuse", "ask"]),
        'event.behaviour: new values "ask"',
    ),
    "an enumeration given up": (
        changed("properties", "behaviour", to={"type": "string"}),
        "event.behaviour: values are no longer enumerated",
    ),
    "true where 1 was meant": (
        changed("properties", "retries", to={"enum": [True]}),
        "event.retries: type widened from integer",
    ),
    "a limit lowered": (
        changed("properties", "latency_ms", minimum=-1),
        "event.latency_ms: smaller numbers",
    ),
    "a value enumerated below the old limit": (
        changed("properties", "latency_ms", to={"enum": [1, -2]}),
        "event.latency_ms=-2: smaller numbers",
    ),
    "a text that may be empty now": (
        changed("properties", "call", minLength=0),
        "event.call: minLength lowered from 1 to 0",
    ),
    "longer lists": (
        changed("properties", "citations", maxItems=9),
        "event.citations: maxItems of 5 raised or dropped",
    ),
    "other items": (
        changed("properties", "citations", items={"type": "integer"}),
        "event.citations[]: type widened from string to integer",
    ),
}
UNDECIDABLE = {
    "anyOf": changed("properties", "retries", to={"anyOf": [{"type": "integer"}]}),
    "prefixItems": changed("properties", "citations", prefixItems=[{"type": "string"}]),
    "dependentRequired": OLD | {"dependentRequired": {"call": ["locale"]}},
    "not": OLD | {"not": {"required": ["x"]}},
    "patternProperties": OLD | {"patternProperties": {"^x-": {}}},
    "if": OLD | {"if": {}},
    "unevaluatedProperties": OLD | {"unevaluatedProperties": False},
    "exclusiveMinimum": changed("properties", "latency_ms", exclusiveMinimum=True),
    "items": changed("properties", "citations", items=[{"type": "string"}]),
    "type": changed("properties", "call", type="strnig"),
}


@pytest.mark.parametrize("name", COMPATIBLE)
def test_consumers_can_still_read(name):
    assert only(judge(COMPATIBLE[name]), READABLE, "answer_given").outcome is Outcome.PASSED


@pytest.mark.parametrize("name", BREAKING)
def test_consumers_would_trip_over(name):
    schema, sentence = BREAKING[name]

    found = only(judge(schema), READABLE, "answer_given")

    assert found.outcome is Outcome.FAILED
    assert sentence in found.because


@pytest.mark.parametrize("keyword", UNDECIDABLE)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_keyword_beyond_the_subset_is_named_and_never_a_pass(keyword, is_new):
    sides = (UNDECIDABLE[keyword], OLD) if is_new else (OLD, UNDECIDABLE[keyword])

    found = only(judge(*sides), READABLE, "answer_given")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert f"'{keyword}'" in found.because


def test_a_changed_pattern_cannot_be_compared():
    found = only(judge(changed("properties", "locale", pattern=".*")), READABLE, "answer_given")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "'pattern' changed" in found.because


def test_further_fields_that_the_old_schema_forbids_break_it():
    closed = OLD | {"additionalProperties": False}

    found = compare_schemas(OLD | {"properties": OLD["properties"] | {"extra": {}}}, closed)

    assert found.breaks == (
        "event.extra is now allowed, the old schema forbids it",
        "event.* (any further field) is now allowed, the old schema forbids it",
    )


def test_local_references_are_followed():
    named = {
        "$defs": {"Call": {"type": "string"}},
        "properties": {"call": {"$ref": "#/$defs/Call"}},
    }
    plain = {"properties": {"call": {"type": "integer"}}}

    assert compare_schemas(named, plain).breaks[0].startswith("event.call: type widened")
    assert compare_schemas(named, named).breaks == ()


def test_recursive_schemas_come_to_an_end():
    tree = {
        "$ref": "#/$defs/Tree",
        "$defs": {
            "Tree": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
            }
        },
    }

    assert compare_schemas(tree, deepcopy(tree)) == compare_schemas(OLD, OLD)


@pytest.mark.parametrize("reference", ["#/$defs/Gone", "other.json", "#/$defs/Loop"])
def test_a_reference_that_leads_nowhere_is_undecided(reference):
    schema = {
        "type": "object",
        "properties": {"call": {"$ref": reference}},
        "$defs": {"Loop": {"$ref": "#/$defs/Loop"}},
    }

    assert reference in compare_schemas(schema, {"type": "object"}).undecided[0]


def test_what_is_not_a_schema_is_undecided_and_named():
    schema = cast("dict[str, Any]", ["not a schema"])  # as any JSON may arrive
    found = compare_schemas(schema, {"type": "object"})

    assert found.undecided == ("cannot decide: '#' is not a JSON schema in the new schema",)


def test_a_dropped_contract_fails_and_a_new_one_passes():
    assert only(judge(None), READABLE, "answer_given").outcome is Outcome.FAILED
    assert only(judge(OLD, None), READABLE, "answer_given").outcome is Outcome.PASSED


def test_complaints_about_captured_events_fail():
    found = only(judge(OLD, errors=["event 2: 'call' is missing"]), KEPT, "answer_given")

    assert found.outcome is Outcome.FAILED
    assert "1 complaint about 3 events: event 2: 'call' is missing" in found.because


def test_no_captured_event_is_not_a_pass():
    assert only(judge(OLD, events=0), KEPT, "answer_given").outcome is Outcome.INCONCLUSIVE


LEAF = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}, optional={
        "minimum": st.integers(-1, 2), "maximum": st.integers(0, 3),
        "exclusiveMinimum": st.integers(-1, 1), "exclusiveMaximum": st.integers(1, 3),
    }),
    st.fixed_dictionaries({"type": st.sampled_from(["string", ["string", "null"]])}, optional={
        "minLength": st.integers(0, 2), "maxLength": st.integers(0, 3),
    }),
    st.builds(lambda values: {"enum": values}, st.lists(
        st.sampled_from([0, 1, 1.5, True, False, "", "ab", None]), min_size=1, max_size=3)),
    st.sampled_from([True, False, {}, {"type": "boolean"}, {"const": 1}]),
)  # fmt: skip
SCHEMA = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "required": st.lists(st.sampled_from("ab"), unique=True),
                "additionalProperties": inner,
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={"items": inner, "minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)},
        ),
    ),
    max_leaves=5,
)
SCALARS = [None, True, False, -1, 0, 1, 1.0, 1.5, 2, 3, "", "a", "ab", "abc"]
EVENTS = [
    *SCALARS,
    [],
    {},
    *([value] for value in SCALARS),
    *([value, value] for value in SCALARS),
    *({name: value} for name in "abc" for value in SCALARS),
    *({"a": one, "b": other} for one in SCALARS for other in SCALARS),
    *({"a": {"a": value}} for value in SCALARS),
    *({"a": [value]} for value in SCALARS),
    *([{"a": value}] for value in SCALARS),
]


@settings(max_examples=250, deadline=None)
@given(SCHEMA, SCHEMA)
def test_a_yes_has_no_counterexample(new, old):
    """Every event that the new schema allows, of some hundred, is one that the old one allows."""
    found = compare_schemas(new, old)
    if found.breaks or found.undecided:
        return
    ours, theirs = Draft7Validator(new), Draft7Validator(old)
    assert [e for e in EVENTS if ours.is_valid(e) and not theirs.is_valid(e)] == []


@given(SCHEMA)
def test_a_schema_is_compatible_with_itself(schema):
    assert compare_schemas(schema, deepcopy(schema)).breaks == ()
