"""A plan's teeth are known before it is signed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from release_assets.domain.finding import Outcome
from release_assets.domain.planning.forecast import forecasts
from release_assets.domain.planning.planner import plan_findings
from release_assets.domain.planning.traffic import PlanTraffic
from release_assets.domain.verdict import conclude
from tests.domain.live.live_world import LATER, SEED, only, plan

THIRTY_MIN, FOUR_HOURS, A_DAY = 1_800, 14_400, 86_400
EXAMPLE = (
    (1, THIRTY_MIN, SEED, "guard"),
    (10, FOUR_HOURS, LATER, "guard"),
    (50, A_DAY, LATER, "proof"),
)
DRIFT = {"eval_groundedness_drift_max": 0.04}


def forecast(the_plan, *, calls_per_second=20.0, scores_per_hour=600.0):
    traffic = PlanTraffic(calls_per_second=calls_per_second, scores_per_hour=scores_per_hour)
    return forecasts(the_plan, traffic)


def judged(the_plan, *, calls_per_second=20.0, scores_per_hour=600.0):
    traffic = PlanTraffic(calls_per_second=calls_per_second, scores_per_hour=scores_per_hour)
    return plan_findings(the_plan, forecasts(the_plan, traffic), traffic)


def failed(the_plan, **traffic):
    return [f for f in judged(the_plan, **traffic) if f.outcome is Outcome.FAILED]


def test_the_examples_plan_has_teeth_with_600_scores_an_hour():
    findings = judged(plan(EXAMPLE, budget=None))
    assert conclude("plan", findings).is_passed


def test_a_last_stage_that_cannot_prove_its_limit_is_refused_with_the_cheapest_change():
    found = failed(plan(EXAMPLE, budget=None), scores_per_hour=100)
    last = [f for f in found if "canary stage 3" in f.because]
    assert last
    assert "cheapest change: max_duration_min:" in last[0].because
    assert "scores_per_hour:" in last[0].because


def test_the_cheapest_change_makes_the_plan_provable():
    the_plan = only(DRIFT, seconds=600, budget=None)
    (refused,) = failed(the_plan, scores_per_hour=600)
    minutes = int(refused.because.split("max_duration_min: ")[1].split(",")[0])
    longer = replace(the_plan.stages[0], max_duration=the_plan.stages[0].duration * minutes / 10)
    assert not failed(replace(the_plan, stages=(longer, the_plan.stages[1])), scores_per_hour=600)
    scores = int(refused.because.split("scores_per_hour: ")[1].split(",")[0])
    assert not failed(the_plan, scores_per_hour=scores)


def test_an_early_stage_that_only_guards_is_accepted_and_says_so():
    findings = judged(plan(EXAMPLE, budget=600))
    early = [f for f in findings if "canary stage 1 " in f.because and "drift" in f.because]
    assert early[0].outcome is Outcome.PASSED
    assert "guards only: the limit is 0.04" in early[0].because


def test_a_stage_that_can_never_reach_its_least_number_of_calls_is_refused():
    the_plan = plan(((1, 600, DRIFT, "proof"),), budget=None, min_samples=5_000)
    rules = {f.rule for f in failed(the_plan, scores_per_hour=60_000)}
    assert "each_stage_can_reach_its_least_number_of_calls" in rules


def test_a_plan_that_counts_on_more_scores_than_there_are_is_refused():
    found = failed(plan(EXAMPLE, budget=90_000), scores_per_hour=600)
    assert "the_scoring_budget_is_there" in {f.rule for f in found}


def test_no_traffic_and_no_scores_prove_nothing_and_raise_nothing():
    assert failed(plan(EXAMPLE, budget=None), calls_per_second=0, scores_per_hour=0)


def test_more_scores_catch_earlier_and_prove_more():
    def drift(scores_per_hour):
        *_, last, _watch = forecast(plan(EXAMPLE, budget=None), scores_per_hour=scores_per_hour)
        return next(slo for slo in last.slos if "drift" in slo.name)

    few, many = drift(600), drift(6_000)
    assert many.catches.median_min < few.catches.median_min
    assert many.provable_margin < few.provable_margin
    assert many.catches.median_n == few.catches.median_n


def test_calls_at_risk_grow_with_the_traffic_share():
    *below, _watch = forecast(plan(EXAMPLE, budget=None))
    at_risk = [slo.catches.calls_at_risk for f in below for slo in f.slos if "drift" in slo.name]
    assert at_risk == sorted(at_risk)


def test_the_forecast_of_a_drift_names_twice_the_limit():
    stage, _watch = forecast(only(DRIFT), calls_per_second=30, scores_per_hour=90_000)
    (slo,) = stage.slos
    assert slo.catches.drop == pytest.approx(0.08)
    assert 300 < slo.catches.median_n < 500
    assert slo.catches.median_n < slo.catches.p90_n


def test_a_forecast_is_a_json_document_even_where_something_takes_forever():
    stage, *_ = forecast(plan(), calls_per_second=0, scores_per_hour=0)
    document = json.loads(json.dumps(stage.document(), allow_nan=False))
    assert document["slos"][0]["catches"]["median_min"] is None
