"""Capital is handed out, never made; windows forget what they must."""

from __future__ import annotations

import itertools
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, log_sum
from release_assets.domain.statistics.blocks import balanced, in_place_order, unit_means
from release_assets.domain.statistics.capital import (
    Table,
    as_text,
    from_text,
    named_by_e_bh,
    pack,
    with_deposits,
    with_newcomers,
)
from release_assets.domain.statistics.windows import (
    by_window,
    marks_passed,
    with_marks,
    with_observations,
)

W = DIFFERENCE.log_weights
unhurried = settings(deadline=None)


EN, DE, JA, ERRORS = ("fair", "en"), ("fair", "de"), ("fair", "ja"), ("errors",)
NOBODY = np.zeros((0, 12))


def worth(rows):
    return float(np.exp(log_sum(rows.ravel())))


def deposited(rows, own, keys, deposits):
    return with_deposits(rows, np.asarray(own, int), keys, np.tile(W, (len(keys), 1)), deposits)


def seated(*keys):
    rows = with_newcomers(NOBODY, (), dict.fromkeys(keys, W))
    return deposited(rows, range(len(keys)), keys, {"fair": 0.5})[0]


def test_a_newcomer_buys_in_at_an_equal_share_of_what_its_group_holds():
    before = seated(EN, DE)
    after = with_newcomers(before, (EN, DE), {JA: W})
    assert worth(after) == pytest.approx(worth(before))
    assert np.exp(log_sum(after[2])) == pytest.approx(0.5 / 3)


def test_a_newcomer_of_another_group_takes_nothing():
    before = seated(EN)
    after = with_newcomers(before, (EN,), {ERRORS: LEVEL.log_weights})
    assert worth(after) == pytest.approx(worth(before))
    assert log_sum(after[1]) == -np.inf


def test_a_deposit_waits_for_a_stream_that_bets_now():
    before = seated(EN)
    rows, waiting = deposited(before, [0], (EN,), {"fair": 0.1, "errors": 0.2})
    assert waiting == {"errors": 0.2}
    assert worth(rows) == pytest.approx(0.6)
    same, idle = deposited(before, [], (), {"fair": 0.1})
    assert np.array_equal(same, before)
    assert idle == {"fair": 0.1}


def test_a_deposit_is_split_between_those_of_its_group_that_bet_now():
    rows, _ = deposited(seated(EN, DE, JA), [2, 0], (JA, EN), {"fair": 0.2})
    each = np.exp(np.logaddexp.reduce(rows, axis=1))
    assert each == pytest.approx([0.5 / 3 + 0.1, 0.5 / 3, 0.5 / 3 + 0.1])


def test_a_table_keeps_its_rows_bit_for_bit():
    table = Table().with_rows(seated(EN, DE))
    assert replace(Table(), packed=from_text(as_text(table.packed))) == table
    assert table.with_rows(table.rows) == table


def test_e_bh_names_the_strong_and_spares_the_weak():
    values = {("a",): 500.0, ("b",): 300.0, ("c",): 1.0, ("d",): 0.2}
    assert named_by_e_bh(values, 0.01) == (("a",), ("b",))
    assert named_by_e_bh({("a",): 1.0}, 0.01) == ()
    assert named_by_e_bh({}, 0.01) == ()


@pytest.mark.parametrize(
    ("since", "until", "marks"),
    [(0, 5, 0), (0, 100, 0), (5, 10, 1), (4, 5, 0), (10, 11, 2), (19, 23, 3), (40, 45, 4)],
)
def test_marks_stand_at_half_the_duration_and_at_its_doublings(since, until, marks):
    """A look belongs to the window whose mark is nearest to its start; the first to none."""
    assert marks_passed(since, until, 10) == marks


def test_the_half_always_covers_between_half_and_three_quarters_of_a_long_stage():
    """One second a look, ten seconds planned, each look adds one to every window it enters."""
    windows, marks = Table(width=3), 0
    for second in range(200):
        now = marks_passed(second, second + 1, 10)
        windows = with_marks(windows, marks, now)
        windows = with_observations(windows, 1, np.asarray([0]), np.ones((1, 1)), now)
        marks = now
        if second >= 10:
            whole, half, coming = by_window(windows)[0, :, 0].tolist()
            assert whole == second + 1
            assert 0.45 <= half / whole <= 0.8
            assert coming <= half


def test_a_stream_that_comes_later_has_seen_nothing_before():
    one = with_observations(Table(width=3), 1, np.asarray([0]), np.ones((1, 1)), 1)
    both = with_observations(one, 3, np.asarray([2]), np.ones((1, 1)), 1)
    assert by_window(both)[:, :, 0].tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 0]]


@unhurried
@given(st.lists(st.floats(-800, 300, width=64), min_size=1, max_size=30))
def test_evidence_is_rounded_down_by_less_than_a_millionth_and_sums_to_the_nearest(numbers):
    exact = np.asarray([numbers])
    kept = Table(width=len(numbers)).with_rows(exact).rows
    assert (kept <= exact).all()
    assert (exact - kept <= np.maximum(np.abs(exact) * 2**-23, 2**-149)).all()
    sums = np.frombuffer(pack(exact, is_evidence=False), dtype="<f4")
    assert np.array_equal(sums, exact[0].astype(np.float32))


def test_capital_that_nobody_holds_stays_nothing():
    kept = Table(width=2).with_rows(np.asarray([[-np.inf, 0.0]])).rows
    assert kept.tolist() == [[-np.inf, 0.0]]


@unhurried
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), max_size=30))
def test_each_unit_counts_once_with_the_mean_of_its_calls(rows):
    order = in_place_order([unit for unit, _ in rows])
    units = [rows[at][0] for at in order]
    means = unit_means(units, np.asarray([rows[at][1] for at in order]))
    assert list(dict.fromkeys(units)) == [units[0] for units in _runs(units)]
    for unit, mean in zip(dict.fromkeys(units), means, strict=True):
        assert mean == pytest.approx(np.mean([v for u, v in rows if u == unit]))


def _runs(units):
    return [list(run) for _, run in itertools.groupby(units)]


@unhurried
@given(st.permutations([f"unit {i}" for i in range(12)]))
def test_the_place_of_a_unit_does_not_depend_on_when_it_came(units):
    order = [units[at] for at in in_place_order(units)]
    assert order == [sorted(units)[at] for at in in_place_order(sorted(units))]


def test_units_that_share_a_hash_are_put_in_order_by_name():
    alike = ["plumless", "buckeroo"]  # the best known two words with one CRC-32
    assert len({zlib.crc32(unit.encode()) for unit in alike}) == 1
    assert in_place_order(alike) == [1, 0]
    assert in_place_order(alike[::-1]) == [0, 1]


@unhurried
@given(
    st.lists(st.floats(0, 1), min_size=0, max_size=20),
    st.lists(st.floats(0, 1), min_size=0, max_size=20),
)
def test_blocks_are_as_many_as_the_smaller_arm_and_lose_nobody(left, right):
    ours, theirs = balanced(np.asarray(left), np.asarray(right))
    assert len(ours) == len(theirs) == min(len(left), len(right))
    if left and right:
        sizes = np.diff(np.arange(len(ours)) * len(left) // len(ours), append=len(left))
        assert float(ours @ sizes) == pytest.approx(sum(left))
