"""A budget breaks beyond noise, beside main on the same machine, or it does not break."""

from dataclasses import replace

import numpy as np
import pytest

from release_assets.domain.evals.budgets import BudgetRules, judge_budgets
from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Outcome
from release_assets.domain.verdict import conclude
from tests.domain.evals.suites import only, row

RULES = BudgetRules(latency_p50_ms_max=200, latency_p95_ms_max=800, cost_per_call_usd_max=0.014)


def calls(typical_ms, cost_usd=0.01, n=50, seed=3, spread=0.3):
    latencies = typical_ms * np.random.default_rng(seed).lognormal(0, spread, n)
    return [
        row(f"c{at:02}", latency_ms=float(ms), cost_usd=cost_usd) for at, ms in enumerate(latencies)
    ]


def judge(candidate, baseline, rules=RULES):
    return judge_budgets(candidate, baseline, rules, seed=1)


def failed(findings):
    return {f.rule for f in findings if f.outcome is Outcome.FAILED}


def test_an_unchanged_release_keeps_every_budget():
    found = judge(calls(100), calls(100, seed=4))

    assert conclude("benchmark", found).outcome is Outcome.PASSED
    assert "noise of this machine" in only(found, "latency_p50_holds_against_main").because


def test_a_release_over_its_budget_fails():
    found = judge(calls(260), calls(100))

    assert "latency_p50_stays_within_budget" in failed(found)
    assert "latency_p50_holds_against_main" in failed(found)


def test_a_dearer_release_fails_on_cost_alone():
    assert failed(judge(calls(100, 0.016), calls(100))) == {
        "cost_per_call_stays_within_budget",
        "cost_per_call_holds_against_main",
    }


def test_a_slow_machine_is_not_held_against_the_release():
    found = only(judge(calls(300), calls(290)), "latency_p50_stays_within_budget")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "main needs" in found.because


def test_a_value_just_over_budget_within_noise_asks_for_more_calls():
    found = only(judge(calls(215, spread=0.5), calls(150)), "latency_p50_stays_within_budget")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "within noise" in found.because


def test_noise_that_slows_both_sides_of_a_pair_is_not_a_slowdown():
    """Interleaved pairs: the same bursts hit both sides."""
    burst = np.where(np.arange(50) % 10 == 0, 8.0, 1.0)
    sides = [
        [replace(r, latency_ms=r.latency_ms * b) for r, b in zip(side, burst, strict=True)]
        for side in (calls(40), calls(38, seed=8))
    ]

    assert not failed(judge(*sides))


def test_an_unnoticeable_slowdown_does_not_count():
    assert not failed(judge(calls(9), calls(3)))


@pytest.mark.parametrize("lost", [{"latency_ms": None}, {"cost_usd": None}])
def test_a_call_without_its_measures_is_named(lost):
    ours = calls(100)
    ours[4] = replace(ours[4], **lost)

    found = only(judge(ours, calls(100)), "every_call_was_measured")

    assert (found.outcome, found.because) == (
        Outcome.INCONCLUSIVE,
        "no latency or cost of c04",
    )


def test_a_call_that_failed_fast_is_not_a_fast_call():
    ours = [replace(r, status=RowStatus.ERROR, score=None, latency_ms=1.0) for r in calls(100)]

    found = judge(ours, calls(100))

    assert [f.outcome for f in found] == [Outcome.INCONCLUSIVE]


def test_different_prompts_on_the_sides_are_named():
    found = only(judge(calls(100, n=30), calls(100, n=31)), "every_call_was_measured")

    assert "only one side called c30" in found.because


def test_nineteen_calls_are_too_few():
    assert conclude("b", judge(calls(9, n=19), calls(9, n=19))).outcome is Outcome.INCONCLUSIVE


def test_no_calls_are_not_a_pass():
    assert conclude("b", judge([], [])).outcome is Outcome.INCONCLUSIVE


def test_a_manifest_without_budgets_is_still_held_against_main():
    found = judge(calls(400), calls(100), BudgetRules())

    assert failed(found) == {"latency_p50_holds_against_main", "latency_p95_holds_against_main"}


def test_rows_of_further_scorers_count_a_call_once():
    ours, theirs = calls(100), calls(100, seed=4)
    twice = [*ours, *(replace(r, scorer="groundedness") for r in ours)]

    assert judge(twice, theirs) == judge(ours, theirs)


def test_the_same_calls_give_the_same_findings():
    assert judge(calls(150), calls(120)) == judge(calls(150), calls(120))
