"""The sign-flip test is exact, the bounds mirror, and Holm spends no more than its level."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from release_assets.domain.statistics import paired
from release_assets.domain.statistics.paired import Clusters, sign_flip

SUMS = st.lists(st.integers(-6, 6), min_size=1, max_size=10)
SEED = (7, 7)


def clusters(sums, size=1):
    return Clusters(sums=tuple(float(s) for s in sums), sizes=(size,) * len(sums))


def enumerated(sums):
    """The definition itself: the share of sign patterns that are as low as the observed sum."""
    patterns = product((-1, 1), repeat=len(sums))
    totals = [sum(sign * abs(s) for sign, s in zip(signs, sums, strict=True)) for signs in patterns]
    return sum(t <= sum(sums) + 1e-9 for t in totals) / len(totals)


@given(SUMS)
def test_the_exact_p_is_the_share_of_all_sign_patterns(sums):
    assert sign_flip(clusters(sums), seed=SEED).p == pytest.approx(enumerated(sums))


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_sums_off_any_lattice_are_enumerated(sums):
    assert sign_flip(clusters(sums), seed=SEED).p == pytest.approx(enumerated(sums), abs=1e-6)


@given(st.integers(0, 40), st.integers(0, 40))
def test_single_runs_of_independent_cases_give_mcnemars_exact_p(lost, gained):
    found = sign_flip(clusters([-1] * lost + [1] * gained + [0] * 50), seed=SEED)

    expected = binomtest(gained, lost + gained, alternative="less").pvalue if lost + gained else 1
    assert found.is_exact
    assert found.p == pytest.approx(expected, rel=1e-9)


@given(SUMS, st.integers(0, 9), st.integers(1, 5))
def test_a_lower_score_never_raises_the_p_of_worse(sums, at, fall):
    lower = list(sums)
    lower[at % len(sums)] -= fall

    assert sign_flip(clusters(lower), seed=SEED).p <= sign_flip(clusters(sums), seed=SEED).p + 1e-12


@given(SUMS)
def test_swapping_the_sides_mirrors_the_p(sums):
    there, back = (sign_flip(clusters([k * s for s in sums]), seed=SEED).p for k in (1, -1))
    tied = sum(
        sum(a * b for a, b in zip(signs, map(abs, sums), strict=True)) == sum(sums)
        for signs in product((-1, 1), repeat=len(sums))
    ) / 2 ** len(sums)

    assert there + back == pytest.approx(1 + tied)


def test_five_losses_without_a_win_are_the_fewest_that_show_at_five_per_cent():
    four, five = (sign_flip(clusters([-1] * n), seed=SEED).p for n in (4, 5))

    assert (four, five) == (1 / 16, 1 / 32)


def test_seeded_flips_come_close_to_the_exact_p_and_repeat_to_the_bit():
    rng = np.random.default_rng(5)
    sums = rng.normal(-0.1, 1, 60) * np.pi
    first, second = (sign_flip(clusters(sums), seed=SEED) for _ in range(2))
    by_hand = rng.choice([-1.0, 1.0], (40_000, 60)) @ np.abs(sums)

    assert not first.is_exact
    assert first == second
    assert first.p == pytest.approx(np.mean(by_hand <= sums.sum()), abs=0.02)


def test_a_seeded_p_is_pinned_so_that_it_is_the_same_next_year():
    sums = [(k * k * 0.37) % 1 * 0.77777 - 0.45 for k in range(40)]

    assert sign_flip(clusters(sums), seed=(1, 2)).p == 0.0047


def test_exact_laws_of_many_cases_sum_to_one():
    found = sign_flip(clusters([1] * 3_000), seed=SEED)

    assert found.p == pytest.approx(1)


@given(SUMS.filter(lambda s: len(s) > 1), st.sampled_from([0.05, 0.01]))
def test_swapping_the_sides_mirrors_the_interval(sums, alpha):
    low, high = paired.interval(clusters(sums, size=6), alpha=alpha)

    assert paired.interval(clusters(sums, size=6).mirrored(), alpha=alpha) == (-high, -low)


@given(SUMS.filter(lambda s: len(s) > 1))
def test_the_interval_holds_the_mean(sums):
    low, high = paired.interval(clusters(sums, size=6), alpha=0.05)

    assert low <= clusters(sums, size=6).mean <= high


def test_the_bound_is_the_formula_of_the_specification():
    """By hand: nine cases in three clusters, sums -1, 0 and 1, one pseudo loss."""
    found = paired.lower_bound(Clusters(sums=(-1.0, 0.0, 1.0), sizes=(3, 3, 3)), alpha=0.05)

    mean = -1 / 10
    squares = (-1 - 3 * mean) ** 2 + (3 * mean) ** 2 + (1 - 3 * mean) ** 2 + (1 + mean) ** 2
    error = (squares * 4 / 3) ** 0.5 / 10
    assert found == pytest.approx(mean - 2.919985580 * error)


def test_one_cluster_bounds_nothing():
    assert paired.lower_bound(clusters([0]), alpha=0.05) == -1.0


def test_without_a_loss_sixty_cases_exclude_five_points_and_not_four():
    bound = paired.lower_bound(clusters([0] * 60), alpha=0.05)

    assert -0.05 < bound < -0.04
    assert paired.fewest_cases(margin=0.04, alpha=0.05) == 74
    assert paired.fewest_cases(margin=0.05, alpha=0.05) == 59


def test_no_number_of_cases_proves_a_margin_that_the_drop_has_reached():
    at_the_margin = clusters([-1] * 5 + [0] * 95)

    assert paired.needed_cases(at_the_margin, margin=0.05, alpha=0.05) is None
    wider = paired.needed_cases(at_the_margin, margin=0.10, alpha=0.05)
    assert wider is not None
    assert wider > 100


def test_as_many_cases_as_needed_do_prove_the_margin():
    """The plan keeps its word: the same mix at the planned size excludes the margin."""
    few = clusters([-1] * 3 + [1] * 3 + [0] * 54)
    needed = paired.needed_cases(few, margin=0.05, alpha=0.05)
    assert needed is not None
    share = needed // 20
    many = clusters([-1] * share + [1] * share + [0] * (needed - 2 * share))

    assert paired.lower_bound(many, alpha=0.05) > -0.05


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_without_weights_is_the_textbook(p_values):
    order, largest = np.argsort(p_values, kind="stable"), 0.0
    for rank, at in enumerate(order):
        largest = max(largest, min(1, p_values[at] * (len(p_values) - rank)))
        found = paired.holm(p_values, [1.0] * len(p_values))[at]
        assert found == pytest.approx(largest)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 1)), min_size=1, max_size=8))
def test_holm_never_lowers_a_p(pairs):
    p_values, weights = zip(*pairs, strict=True)

    adjusted = paired.holm(p_values, weights)

    assert all(a >= p - 1e-12 for a, p in zip(adjusted, p_values, strict=True))


def test_weights_keep_the_suite_sharp_however_many_slices_there_are():
    suite_alone = paired.holm([0.02, *[0.9] * 40], [1.0, *[1 / 40] * 40])[0]

    assert suite_alone == pytest.approx(0.04)


def test_the_seed_is_the_beginning_of_the_digest():
    assert paired.seed_of("sha256:" + "00000000000000ff" + "ab" * 24) == 255


def test_choices_are_binomial_on_both_sides_of_the_switch():
    for count in (12, 13):
        law = paired._spread_binomial(1, count)
        assert law[3] == pytest.approx(comb(count, 3) / 2**count)
