"""Capital is handed out, never made; windows forget what they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, log_sum
from release_assets.domain.statistics.blocks import balanced, place_of, unit_means
from release_assets.domain.statistics.capital import (
    Table,
    named_by_e_bh,
    with_deposits,
    with_growth,
    with_newcomers,
)
from release_assets.domain.statistics.windows import (
    HALF,
    NEXT,
    WHOLE,
    marks_passed,
    window,
    with_marks,
    with_observations,
)

W = DIFFERENCE.log_weights
unhurried = settings(deadline=None)


def worth(table):
    return float(np.exp(log_sum(table.rows.ravel())))


def seated(*keys):
    weights = dict.fromkeys(keys, W)
    table = with_newcomers(Table(), weights)
    return with_deposits(table, {"fair": 0.5}, weights)[0]


def test_a_newcomer_buys_in_at_an_equal_share_of_what_its_group_holds():
    before = seated(("fair", "en"), ("fair", "de"))
    after = with_newcomers(before, {("fair", "ja"): W})
    assert worth(after) == pytest.approx(worth(before))
    assert np.exp(log_sum(after.rows[2])) == pytest.approx(0.5 / 3)


def test_a_newcomer_of_another_group_takes_nothing():
    before = seated(("fair", "en"))
    after = with_newcomers(before, {("errors",): LEVEL.log_weights})
    assert worth(after) == pytest.approx(worth(before))
    assert log_sum(after.rows[1]) == -np.inf


def test_a_deposit_waits_for_a_stream_that_bets_now():
    table = seated(("fair", "en"))
    table, waiting = with_deposits(table, {"fair": 0.1, "errors": 0.2}, {("fair", "en"): W})
    assert waiting == {"errors": 0.2}
    assert worth(table) == pytest.approx(0.6)
    same, idle = with_deposits(table, {"fair": 0.1}, {})
    assert (same, idle) == (table, {"fair": 0.1})


def test_growth_moves_only_the_streams_that_bet():
    table = seated(("fair", "en"), ("fair", "de"))
    grown = with_growth(table, [("fair", "de")], np.full((1, 12), np.log(4)))
    assert worth(grown) == pytest.approx(0.25 + 1.0)


def test_a_table_survives_its_document_bit_for_bit():
    table = seated(("fair", "en"), ("fair", "de"))
    assert Table.from_document(table.document()) == table


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
        windows = with_observations(windows, (("slo",),), np.ones((1, 1)), now)
        marks = now
        if second >= 10:
            whole, half = (window(windows, ("slo",), w)[0] for w in (WHOLE, HALF))
            assert whole == second + 1
            assert 0.45 <= half / whole <= 0.8
            assert window(windows, ("slo",), NEXT)[0] <= half


def test_what_was_never_seen_is_no_window():
    assert window(Table(width=3), ("slo",), WHOLE) is None


@unhurried
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), max_size=30))
def test_each_unit_counts_once_with_the_mean_of_its_calls(rows):
    ordered = sorted(rows, key=lambda row: place_of(row[0]))
    means = unit_means(ordered)
    assert list(means) == sorted({unit for unit, _ in rows}, key=place_of)
    for unit, mean in means.items():
        assert mean == pytest.approx(np.mean([v for u, v in rows if u == unit]))


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
