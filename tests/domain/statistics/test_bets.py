"""Bets win and lose as written, whoever counts them."""

from __future__ import annotations

import numpy as np
import pytest

from release_assets.domain.statistics.bets import (
    DIFFERENCE,
    LEVEL,
    PROOF,
    Bet,
    count_grid,
    evidence,
    log_growth,
    log_sum,
)
from release_assets.domain.statistics.counts import (
    clean_calls_to_prove,
    rate_bet,
    share_beyond,
)
from release_assets.domain.statistics.information import (
    best_growth,
    provable_margin,
    rate_growth,
    samples_to_prove,
)
from release_assets.domain.statistics.intervals import of_difference, of_mean, of_rate


@pytest.mark.parametrize("grid", [LEVEL, DIFFERENCE, PROOF, count_grid(0.01), count_grid(0.5)])
def test_a_grid_spends_all_its_wealth_and_can_never_be_ruined(grid):
    assert sum(grid.weights) == pytest.approx(1)
    assert all(0 < fraction < 1 for fraction in grid.fractions)


def test_counts_are_the_same_bet_as_single_calls():
    counted = rate_bet(3, 50, 0.05)
    single = np.asarray([0.95] * 3 + [-0.05] * 47)
    one_by_one = Bet(gains=single, bound=0.05, grid=count_grid(0.05))
    assert log_growth([counted]) == pytest.approx(log_growth([one_by_one]))


def test_bets_of_different_grids_and_sizes_are_settled_apart():
    first = Bet(gains=np.asarray([0.5, -0.02]), bound=1.02, grid=DIFFERENCE)
    empty = Bet(gains=np.zeros(0), bound=1.0, grid=DIFFERENCE)
    last = rate_bet(1, 10, 0.01)
    together = log_growth([first, empty, last])
    assert np.array_equal(together[0], log_growth([first])[0])
    assert not together[1].any()
    assert np.array_equal(together[2], log_growth([last])[0])


def test_a_bet_at_its_null_has_mean_one():
    """E over the two outcomes of one call at the limit, for each bet."""
    yes, no = (np.exp(log_growth([rate_bet(s, 1, 0.05)])[0]) for s in (1, 0))
    assert 0.05 * yes + 0.95 * no == pytest.approx(np.ones(12))


def test_a_limit_of_zero_makes_the_first_event_a_breach():
    growth = log_growth([rate_bet(1, 1, 0.0)])[0]
    weighted = log_sum(growth + count_grid(1e-6).log_weights)
    assert evidence(weighted) > 1.0
    assert np.isfinite(weighted)


def test_p95_tolerates_one_call_in_twenty():
    assert share_beyond("p95") == pytest.approx(0.05)
    assert share_beyond("p50") == pytest.approx(0.5)


@pytest.mark.parametrize(("limit", "calls"), [(0.01, 299), (0.02, 149), (0.04, 74), (0.1, 29)])
def test_so_many_clean_calls_prove_a_limit(limit, calls):
    """The floor (docs/methods.md, E12)."""
    assert clean_calls_to_prove(limit, 0.05) == calls


def test_the_best_bet_grows_as_fast_as_the_relative_entropy():
    best = best_growth(np.asarray([-0.05, 0.95]), np.asarray([0.9, 0.1]), 0.05)
    assert best == pytest.approx(rate_growth(0.1, 0.05), rel=1e-3)


def test_what_is_provable_with_so_many_pairs_takes_so_many_pairs():
    for pairs in (300, 1_000, 5_000):
        assert samples_to_prove(provable_margin(pairs))[0] == pytest.approx(pairs, rel=0.02)


def test_intervals_are_open_where_nothing_was_seen_and_never_of_no_width():
    assert of_rate(0, 0) is None
    assert of_mean(1.0, 1.0, 1) is None
    assert of_difference(0.0, 0.0, 0) is None
    difference, rate, mean = of_difference(0.0, 0.0, 300), of_rate(0, 300), of_mean(30.0, 30.0, 30)
    assert difference is not None
    assert rate is not None
    assert mean is not None
    assert difference[0] < 0 < difference[1]
    assert rate[1] == pytest.approx(0.0127, abs=1e-3)
    assert mean[0] == pytest.approx(1.0)


def test_an_empty_sum_of_evidence_is_nothing():
    assert log_sum(np.zeros(0)) == -np.inf
    assert evidence(1e9) < np.inf
