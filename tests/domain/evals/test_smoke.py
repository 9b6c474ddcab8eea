"""Smoke finds what is plainly broken, and never claims that nothing is."""

from dataclasses import replace
from typing import Any

import pytest

from release_assets.domain.evals.pairing import pair
from release_assets.domain.evals.smoke import judge_smoke
from release_assets.domain.finding import Outcome
from release_assets.domain.verdict import conclude
from tests.domain.evals.suites import by_rule, losing, only, passing, suite

TOPICS = {f"c{at:03}": ("leave", "expenses", "travel")[at % 3] for at in range(30)}


def judge(candidate, baseline, **more):
    given: dict[str, Any] = {"core_flows": ["leave", "expenses", "travel"]}
    given |= {"topics": TOPICS, "seed": 1}
    return judge_smoke(pair(candidate, baseline), **(given | more))


def outcome(findings):
    return conclude("smoke", findings).outcome


def test_twenty_four_unchanged_cases_pass():
    assert outcome(judge(passing(24), passing(24))) is Outcome.PASSED


def test_smoke_never_claims_that_a_release_is_not_worse():
    assert not by_rule(judge(passing(24), passing(24)), "not_worse_than_margin")


def test_one_confirmed_flip_fails():
    lost, kept = losing(24, 1), passing(24)
    again = [[replace(side[0], repeat=k) for k in range(4)] for side in (lost, kept)]

    found = judge(lost, kept, reruns=pair(*again))

    assert only(found, "no_regression_against_main").outcome is Outcome.FAILED


def test_a_lost_case_that_was_not_asked_again_holds_the_merge():
    assert outcome(judge(losing(24, 1), passing(24))) is Outcome.INCONCLUSIVE


def test_a_drop_over_the_repeats_fails_without_any_flip():
    """Nine cases lose one of three repeats each: no case flips, and yet it is no accident."""
    ours = suite([[1, 1, 0]] * 9 + [[1, 1, 1]] * 15)

    found = only(judge(ours, suite([[1, 1, 1]] * 24)), "no_regression_against_main")

    assert found.outcome is Outcome.FAILED
    assert "0 of 24 cases lost" in found.because


def test_a_critical_case_must_pass():
    assert outcome(judge(losing(24, 1, critical=True), losing(24, 1))) is Outcome.FAILED


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"core_flows": ["leave", "payroll"]}, "no case for payroll"),
        ({"core_flows": []}, "the feature has no core flows; add 'core_flows' to its manifest"),
        ({"topics": {}}, "no case for expenses, leave, travel"),
    ],
)
def test_a_core_flow_that_was_not_run_is_not_a_pass(changes, because):
    found = only(judge(passing(24), passing(24), **changes), "core_flows_are_covered")

    assert (found.outcome, found.because) == (Outcome.INCONCLUSIVE, because)


def test_nine_cases_are_no_smoke_suite():
    found = only(judge(passing(9), passing(9)), "core_flows_are_covered")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "10 cases or more, this one 9" in found.because
