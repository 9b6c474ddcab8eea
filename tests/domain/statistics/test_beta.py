"""The quantiles agree with scipy, which is too slow to load at every start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc, betaincinv, stdtrit

from release_assets.domain.statistics.beta import share_below, share_bounds, student_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 11, 59, 199, 4_999, 200_000])
@pytest.mark.parametrize("tail", [0.25, 0.05, 0.01, 0.0005])
def test_student_quantiles_are_those_of_scipy(degrees, tail):
    assert student_quantile(degrees, tail) == pytest.approx(stdtrit(degrees, 1 - tail), rel=1e-7)


@given(st.floats(0.001, 0.999), st.floats(0.5, 300), st.floats(0.5, 300))
def test_the_beta_law_is_that_of_scipy(x, a, b):
    assert share_below(x, a, b) == pytest.approx(betainc(a, b, x), abs=1e-11)


def test_share_bounds_are_clopper_and_pearson():
    low, high = share_bounds(18, 20, 0.05)

    assert (low, high) == pytest.approx((betaincinv(18, 3, 0.05), betaincinv(19, 2, 0.95)))


def test_no_failure_of_five_still_allows_almost_half():
    low, high = share_bounds(5, 5, 0.05)

    assert low == pytest.approx(0.05 ** (1 / 5))
    assert high == 1.0
