"""Wealth is released, never made; windows forget what they must."""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, log_sum
from release_assets.domain.statistics.blocks import balanced, in_place_order, unit_means
from release_assets.domain.statistics.wealth import (
    Table,
    named_by_e_bh,
    with_new_streams,
    with_wealth_added,
)
from release_assets.domain.statistics.windows import (
    boundaries_passed,
    by_window,
    with_boundaries,
    with_observations,
)

W = DIFFERENCE.log_weights
unhurried = settings(deadline=None)


NONE_YET = np.zeros((0, 12))


def worth(rows):
    return float(np.exp(log_sum(rows.ravel())))


def added(rows, own, groups, waiting):
    return with_wealth_added(
        rows, np.asarray(own, int), groups, np.tile(W, (len(groups), 1)), waiting
    )


def started(*groups):
    rows = with_new_streams(NONE_YET, (), groups, np.tile(W, (len(groups), 1)))
    return added(rows, range(len(groups)), groups, {"fair": 0.5})[0]


def test_a_new_stream_gets_an_equal_share_of_what_its_group_holds():
    before = started("fair", "fair")
    after = with_new_streams(before, ("fair", "fair"), ("fair",), W[None])
    assert worth(after) == pytest.approx(worth(before))
    assert np.exp(log_sum(after[2])) == pytest.approx(0.5 / 3)


def test_a_new_stream_of_another_group_takes_nothing():
    before = started("fair")
    after = with_new_streams(before, ("fair",), ("errors",), LEVEL.log_weights[None])
    assert worth(after) == pytest.approx(worth(before))
    assert log_sum(after[1]) == -np.inf


def test_released_wealth_waits_for_a_stream_that_bets_now():
    before = started("fair")
    rows, waiting = added(before, [0], ("fair",), {"fair": 0.1, "errors": 0.2})
    assert waiting == {"errors": 0.2}
    assert worth(rows) == pytest.approx(0.6)
    same, idle = added(before, [], (), {"fair": 0.1})
    assert np.array_equal(same, before)
    assert idle == {"fair": 0.1}


def test_released_wealth_is_split_between_those_of_its_group_that_bet_now():
    rows, _ = added(started("fair", "fair", "fair"), [2, 0], ("fair", "fair"), {"fair": 0.2})
    each = np.exp(np.logaddexp.reduce(rows, axis=1))
    assert each == pytest.approx([0.5 / 3 + 0.1, 0.5 / 3, 0.5 / 3 + 0.1])


@unhurried
@given(st.lists(st.floats(width=64, allow_nan=False), min_size=1, max_size=30))
def test_a_table_keeps_its_rows_bit_for_bit(numbers):
    table = Table(width=len(numbers)).with_rows(np.asarray([numbers]))
    assert table.rows.tolist() == [numbers]
    assert table.with_rows(table.rows) == table


def test_e_bh_names_the_strong_and_spares_the_weak():
    values = {("a",): 500.0, ("b",): 300.0, ("c",): 1.0, ("d",): 0.2}
    assert named_by_e_bh(values, 0.01) == (("a",), ("b",))
    assert named_by_e_bh({("a",): 1.0}, 0.01) == ()
    assert named_by_e_bh({}, 0.01) == ()


@pytest.mark.parametrize(
    ("since", "until", "passed"),
    [(0, 5, 0), (0, 100, 0), (5, 10, 1), (4, 5, 0), (10, 11, 2), (19, 23, 3), (40, 45, 4)],
)
def test_boundaries_lie_at_half_the_duration_and_at_its_doublings(since, until, passed):
    """A look belongs to the window whose boundary is nearest to its start; the first to none."""
    assert boundaries_passed(since, until, 10) == passed


def test_the_half_always_covers_between_half_and_three_quarters_of_a_long_stage():
    """One second a look, ten seconds planned, each look adds one to every window it enters."""
    windows, before = Table(width=3), 0
    for second in range(200):
        now = boundaries_passed(second, second + 1, 10)
        windows = with_boundaries(windows, before, now)
        windows = with_observations(windows, 1, np.asarray([0]), np.ones((1, 1)), now)
        before = now
        if second >= 10:
            whole, half, coming = by_window(windows)[0, :, 0].tolist()
            assert whole == second + 1
            assert 0.45 <= half / whole <= 0.8
            assert coming <= half


def test_a_stream_that_comes_later_has_seen_nothing_before():
    one = with_observations(Table(width=3), 1, np.asarray([0]), np.ones((1, 1)), 1)
    both = with_observations(one, 3, np.asarray([2]), np.ones((1, 1)), 1)
    assert by_window(both)[:, :, 0].tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 0]]


def test_wealth_that_no_stream_holds_stays_nothing():
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
