"""Tampering with stored rows, one way at a time; and the bytes that are hashed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_assets.domain.errors import LedgerError, UnknownWordError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.canonical import as_decimals, canonical
from release_assets.domain.ledger.entries import Head, Row, next_row, split_peaks
from release_assets.domain.ledger.index import LedgerIndex
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.ledger.merkle import extend, peaks_of
from release_assets.domain.ledger.verification import verify

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def appended(rows, body, kind="evidence"):
    return next_row(rows[-1] if rows else None, kind, body, at=NOW + timedelta(seconds=len(rows)))


def ledger_of(size, change=lambda number: {"n": number}):
    rows: list[Row] = []
    for number in range(size):
        rows.append(appended(rows, change(number)))
    return rows


ROWS = ledger_of(21)
HEAD = verify(ROWS)


def rehashed(rows):
    """What an administrator does who recomputes everything."""
    made: list[Row] = []
    peaks: tuple[bytes, ...] = ()
    for size, row in enumerate(rows):
        fresh = replace(row, seq=size + 1)
        leaf = fresh.computed_leaf()
        peaks = extend(peaks, size, leaf)
        made.append(replace(fresh, leaf=leaf, peaks=b"".join(peaks)))
    return made


def changed(number, **fields):
    return [*ROWS[:number], replace(ROWS[number], **fields), *ROWS[number + 1 :]]


def recomputed(number, **fields):
    row = replace(ROWS[number], **fields)
    return changed(number, **fields, leaf=row.computed_leaf())


def recomputed_with_peaks(number, **fields):
    leaf = replace(ROWS[number], **fields).computed_leaf()
    peaks = extend(peaks_of(r.leaf for r in ROWS[:number]), number, leaf)
    return changed(number, **fields, leaf=leaf, peaks=b"".join(peaks))


OTHER = canonical({"n": 666})
TAMPERING = {
    "a body is changed": (changed(9, body=OTHER), "entry 10: its content does not match"),
    "a time is changed": (changed(9, at="2026-01-01T00:00:00+00:00"), "entry 10: its content"),
    "a kind is changed": (changed(9, kind="drift"), "entry 10: its content"),
    "a release is changed": (changed(9, release="a-1"), "entry 10: its content"),
    "a digest is changed": (changed(9, release_digest="sha256:ab"), "entry 10: its content"),
    "a leaf is changed": (changed(9, leaf=ROWS[3].leaf), "entry 10: its content"),
    "peaks are changed": (changed(9, peaks=ROWS[3].peaks), "entry 10: it does not continue"),
    "peaks are cut": (changed(9, peaks=b""), "entry 10: it does not continue"),
    "an entry is taken out": ([*ROWS[:9], *ROWS[10:]], "entry 10 is missing: entry 11 follows"),
    "the first entry is taken out": (ROWS[1:], "entry 1 is missing"),
    "an entry is put in": ([*ROWS[:9], ROWS[3], *ROWS[9:]], "entry 4: it is where entry 10"),
    "two entries change places": (
        [*ROWS[:9], ROWS[10], ROWS[9], *ROWS[11:]],
        "entry 10 is missing: entry 11 follows entry 9",
    ),
    "two entries change numbers": (
        [*ROWS[:9], replace(ROWS[10], seq=10), replace(ROWS[9], seq=11), *ROWS[11:]],
        "entry 10: its content",
    ),
    "one entry is recomputed": (recomputed(9, body=OTHER), "entry 10: it does not continue"),
    "one entry and its peaks are recomputed": (
        recomputed_with_peaks(9, body=OTHER),
        "entry 11: it does not continue",
    ),
    "an unknown kind is written": (recomputed(9, kind="lunch"), "entry 10: unknown kind 'lunch'"),
    "an unknown event is written": (
        recomputed(9, kind="rollout", body=canonical({"event": "lunch"})),
        "entry 10: unknown rollout event 'lunch'; known: promoted, ",
    ),
    "an event is not written": (
        recomputed(9, kind="rollout"),
        "entry 10: unknown rollout event 'None'",
    ),
    "a body is not JSON": (recomputed(9, body=b"{"), "entry 10: its body is not JSON"),
    "a body is no object": (recomputed(9, body=b"[]"), "entry 10: its body is not a JSON object"),
    "a body has one key twice": (
        recomputed(9, body=b'{"n":1,"n":2}'),
        "entry 10: its body is not in canonical form",
    ),
    "a time cannot be read": (recomputed(9, at="yesterday"), "entry 10: its time 'yesterday'"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_the_first_bad_entry_is_named(how):
    rows, sentence = TAMPERING[how]
    with pytest.raises(LedgerError) as refused:
        verify(rows)

    assert sentence in str(refused.value)


FORGED = [replace(ROWS[4], body=OTHER) if n == 4 else row for n, row in enumerate(ROWS)]
ONLY_SEEN_FROM_OUTSIDE = {
    "everything is recomputed": (rehashed(FORGED), "a head seen at this size has another root"),
    "the tail is cut": (ROWS[:15], "entry 16 and what follows were cut off"),
    "an entry is taken out and the rest recomputed": (
        rehashed([*ROWS[:9], *ROWS[10:]]),
        "entry 21 and what follows were cut off",
    ),
    "all is deleted": ([], "entry 1 and what follows were cut off"),
}


@pytest.mark.parametrize("how", ONLY_SEEN_FROM_OUTSIDE)
def test_a_rewrite_of_everything_is_shown_by_a_head_seen_elsewhere(how):
    """In itself such a ledger is sound: that is why heads leave the house."""
    rows, sentence = ONLY_SEEN_FROM_OUTSIDE[how]
    verify(rows)

    with pytest.raises(LedgerError, match=sentence):
        verify(rows, seen=[HEAD])


def test_the_oldest_head_seen_narrows_down_where_the_rewrite_began():
    heads = [verify(ROWS[:size]) for size in (3, 8, 21)]
    with pytest.raises(LedgerError, match="entry 8: a head seen"):
        verify(rehashed(FORGED), seen=heads)


def test_heads_of_the_same_ledger_agree():
    heads = [verify(ROWS[:size]) for size in range(len(ROWS) + 1)]

    assert verify(ROWS, seen=heads) == HEAD


def test_two_heads_of_one_size_cannot_both_be_right():
    fork = Head(size=HEAD.size, root=f"sha256:{'0' * 64}")
    with pytest.raises(LedgerError, match="another root"):
        verify(ROWS, seen=[HEAD, fork])


def test_an_empty_ledger_is_sound():
    assert verify([]) == Head.of(0, ())


def indexed(rows):
    index = LedgerIndex()
    index.grow(rows)
    return index


def test_an_index_knows_the_rows_again():
    index = indexed(ROWS)

    assert index.head == HEAD
    assert index.find(None, (), 19) == [20, 21]
    assert index.find(None, ("drift",), 0) == index.find("a-1", (), 0) == []
    assert list(index.same([3, 20], [ROWS[2], ROWS[19]])) == [ROWS[2], ROWS[19]]


@pytest.mark.parametrize("rows", [[], [ROWS[3]], [recomputed(2, body=OTHER)[2]]])
def test_an_index_refuses_rows_that_are_not_those_it_knows(rows):
    with pytest.raises(LedgerError, match="entry 3: it is not the one that was read before"):
        list(indexed(ROWS).same([3], rows))


def test_an_index_stops_at_the_first_bad_row_and_goes_on_from_there():
    index = LedgerIndex()
    with pytest.raises(LedgerError, match="entry 10"):
        index.grow(changed(9, body=OTHER))
    index.grow(ROWS[index.size :])

    assert index.head == HEAD


def test_an_index_refuses_another_ledger_and_a_shorter_one():
    forged = rehashed(FORGED)
    index = indexed(ROWS)
    index.require_continued(21, [ROWS[20]])

    with pytest.raises(LedgerError, match="another root"):
        index.require_continued(21, [forged[20]])
    with pytest.raises(LedgerError, match="entry 6 and what follows were cut off"):
        index.require_continued(5, [])


@given(st.integers(0, 20), st.integers(0, 4), st.integers(0, 10_000))
def test_no_single_changed_byte_goes_unnoticed(number, which, position):
    name = ("body", "leaf", "peaks", "at", "kind")[which]
    value = getattr(ROWS[number], name)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[position % len(raw)] ^= 1
    damaged = raw.decode() if isinstance(value, str) else bytes(raw)

    with pytest.raises(LedgerError, match=f"entry {number + 1}"):
        verify(changed(number, **{name: damaged}))


@pytest.mark.parametrize("body", [{"event": "brached"}, {}])
def test_an_event_that_is_not_in_the_list_is_not_written(body):
    with pytest.raises(UnknownWordError, match="unknown word"):
        appended([], body, kind="rollout")


@pytest.mark.parametrize("kind", EntryKind)
def test_a_kind_of_the_enum_is_written_as_its_plain_string(kind):
    body = {"event": RolloutEvent.HELD}
    row = appended([], body, kind=kind)

    assert type(row.kind) is str
    assert row == appended([], {"event": "held"}, kind=kind.value)


def test_an_entry_of_a_rollout_has_its_event():
    held = appended([], {"event": "held"}, kind="rollout").entry()

    assert (held.kind, held.event) == (EntryKind.ROLLOUT, RolloutEvent.HELD)
    assert ROWS[0].entry().event is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé", max_size=3), inner),
    max_leaves=10,
)
bodies = st.dictionaries(st.text("abcxyz", max_size=4), json_values, max_size=4)


@given(bodies)
def test_a_body_has_one_canonical_form(body):
    written = canonical(body)

    assert canonical(json.loads(written)) == written
    assert canonical(dict(reversed(body.items()))) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_text_reads_back_as_the_same_number(number):
    assert float(as_decimals(number)) == number


@given(st.lists(bodies, max_size=12))
def test_whatever_is_appended_verifies(given_bodies):
    rows: list[Row] = []
    for body in given_bodies:
        rows.append(appended(rows, body))

    assert verify(rows).size == len(given_bodies)
    assert [row.entry().body for row in rows] == [json.loads(canonical(b)) for b in given_bodies]


def test_numbers_of_numpy_and_words_of_enums_are_plain_in_the_ledger():
    body = {"p": np.float64(0.25), "n": np.int64(3), "outcome": Outcome.PASSED, "t": (1, 2)}

    assert canonical(body) == b'{"n":3,"outcome":"passed","p":"0.25","t":[1,2]}'


def test_peaks_are_stored_in_one_piece():
    assert split_peaks(ROWS[20].peaks) == peaks_of(row.leaf for row in ROWS)
