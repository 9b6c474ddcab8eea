"""A plan's promises, its warnings, and what cannot be promised without its traffic."""

from __future__ import annotations

import json

import pytest

from release_assets.domain.finding import Outcome
from release_assets.domain.planning.lint import lint_plan, margin_ladder
from release_assets.domain.planning.traffic import PlanTraffic
from tests.domain.live.live_world import LATER, SEED, plan

EXAMPLE = (
    (1, 1_800, SEED, "guard"),
    (10, 14_400, LATER, "guard"),
    (50, 86_400, LATER, "proof"),
)
KNOWN = PlanTraffic(calls_per_second=20, scores_per_hour=600)


def linted(budget=None, traffic=KNOWN, stages=EXAMPLE):
    return lint_plan(plan(stages, budget=budget), traffic)


def test_the_examples_plan_is_promised_in_one_sentence():
    found = linted()

    assert found.verdict.outcome is Outcome.PASSED
    assert "a groundedness drop of .08 that begins with canary stage 1" in found.verdict.headline
    assert "a groundedness drop of .03 is excluded before full traffic" in found.verdict.headline
    assert "20 calls a second and 600 scores an hour" in found.verdict.headline


@pytest.mark.parametrize(
    ("traffic", "lacking"),
    [
        (
            PlanTraffic(calls_per_second=None, scores_per_hour=None),
            "--traffic-rps and --scores-per",
        ),
        (PlanTraffic(calls_per_second=20, scores_per_hour=None), "without --scores-per-hour"),
        (PlanTraffic(calls_per_second=None, scores_per_hour=600), "without --traffic-rps"),
    ],
)
def test_without_its_traffic_nothing_is_promised(traffic, lacking):
    found = linted(traffic=traffic)
    slos = [slo for stage in found.document()["stages"] for slo in stage["slos"]]

    assert found.verdict.outcome is Outcome.INCONCLUSIVE
    assert lacking in found.verdict.headline
    assert all(slo["provable_margin"] is None for slo in slos)
    assert all(slo["catches"]["median_min"] is None for slo in slos)
    assert all(slo["catches"]["median_n"] > 0 for slo in slos)
    assert found.warnings == ()


def test_the_plans_own_budget_counts_as_known():
    found = linted(budget=600, traffic=PlanTraffic(calls_per_second=20, scores_per_hour=None))

    assert found.verdict.is_passed
    assert found.traffic == KNOWN


def test_a_toothless_plan_is_refused_with_the_cheapest_change():
    found = linted(traffic=PlanTraffic(calls_per_second=20, scores_per_hour=100))

    assert found.verdict.outcome is Outcome.FAILED
    assert any("cheapest change: max_duration_min" in f.because for f in found.verdict.findings)


def test_a_stage_that_only_guards_is_a_warning():
    warnings = linted().warnings

    assert any("canary stage 1 (1 %) only guards: it excludes .12 of eval" in w for w in warnings)
    assert not any("canary stage 3" in w and "guards" in w for w in warnings)


def test_a_stage_too_short_to_catch_twice_the_limit_is_a_warning():
    assert any(
        "is over before it would catch twice the limit of error_rate" in w
        for w in linted().warnings
    )


def test_margins_narrow_from_stage_to_stage():
    ladder = margin_ladder(linted())

    drift = ladder["eval_groundedness_drift_max"]
    known = [margin for margin in drift if margin is not None]
    assert list(drift) == sorted(known, reverse=True)
    assert drift[-1] == 0.03
    assert ladder["fairness_locale_delta_max"][0] is None


def test_the_document_keeps_its_keys():
    found = json.loads(json.dumps(linted().document(), allow_nan=False))

    assert set(found) >= {"outcome", "headline", "findings", "plan_digest", "stages"}
    assert [stage["traffic_pct"] for stage in found["stages"]] == [1, 10, 50, 100]
    assert [stage["duration_min"] for stage in found["stages"]] == [30, 240, 1440, 0.1]
    for slo in (slo for stage in found["stages"] for slo in stage["slos"]):
        assert set(slo) >= {"name", "limit", "inherited", "provable_margin", "catches"}
        assert set(slo["catches"]) >= {"drop", "median_n", "p90_n", "median_min"}


def test_no_traffic_at_all_promises_nothing():
    found = linted(traffic=PlanTraffic(calls_per_second=0, scores_per_hour=0))

    assert found.verdict.outcome is Outcome.FAILED
    json.dumps(found.document(), allow_nan=False)
