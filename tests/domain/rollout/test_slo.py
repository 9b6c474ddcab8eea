"""SLO names follow a grammar: what it says is understood, what it does not say is refused."""

from __future__ import annotations

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.rollout.metrics import METRICS
from release_assets.domain.rollout.slo import read_slo


@pytest.mark.parametrize(
    ("name", "metric", "aggregate"),
    [
        ("p95_latency_ms_max", "latency_ms", "p95"),
        ("latency_p95_ms_max", "latency_ms", "p95"),
        ("latency_ms_p50_max", "latency_ms", "p50"),
        ("mean_latency_ms_max", "latency_ms", "mean"),
        ("error_rate_max", "error_rate", None),
        ("timeout_rate_max", "timeout_rate", None),
        ("refusal_rate_max", "refusal_rate", None),
        ("feedback_negative_rate_max", "feedback_negative_rate", None),
        ("cost_per_call_usd_max", "cost_per_call_usd", "mean"),
        ("cost_per_call_usd_mean_max", "cost_per_call_usd", "mean"),
    ],
)
def test_levels_are_read_however_the_aggregate_is_placed(name, metric, aggregate):
    slo = read_slo(name, 0.5)
    found = (slo.metric.name, slo.metric.aggregate, slo.kind, slo.metric.direction, slo.subject)
    assert found == (metric, aggregate, "level", "max", None)


@pytest.mark.parametrize("scorer", ["groundedness", "answer_relevance", "g2"])
def test_any_scorer_can_be_bounded_in_its_drift_and_its_level(scorer):
    drift = read_slo(f"eval_{scorer}_drift_max", 0.5)
    level = read_slo(f"eval_{scorer}_min", 0.5)
    assert (drift.kind, drift.metric.direction, drift.subject) == ("drift", "max", scorer)
    assert (level.kind, level.metric.direction, level.subject) == ("level", "min", scorer)


@pytest.mark.parametrize("slice_key", ["locale", "age_group"])
def test_any_slice_can_be_bounded_in_its_delta(slice_key):
    gap = read_slo(f"fairness_{slice_key}_delta_max", 0.5)
    found = (gap.metric.name, gap.kind, gap.metric.direction, gap.subject)
    assert found == ("fairness", "delta", "max", slice_key)


@pytest.mark.parametrize("metric", METRICS)
def test_every_spelling_of_a_row_is_read_as_that_row(metric):
    for spelling in metric.spellings:
        assert read_slo(spelling.format("tone"), 0.5).metric is metric


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("error_rte_max", "error_rate_max"),
        ("error_rate_min", "error_rate_max"),
        ("error_rate_drift_max", "error_rate_max"),
        ("tokens_max", None),
        ("eval_x_drift_min", "eval_x_drift_max"),
        ("p99_latency_ms_max", "p95_latency_ms_max"),
        ("latency_ms_max", "p95_latency_ms_max"),
        ("eval_groundedness_drif_max", "eval_groundedness_drift_max"),
        ("eval_tone_of_voice_drift_mx", "eval_tone_of_voice_drift_max"),
        ("eval_groundedness_drift_min", "eval_groundedness_drift_max"),
        ("fairness_region_delta", "fairness_region_delta_max"),
        ("ERROR_RATE_MAX", None),
        ("", None),
        ("eval__drift_max", None),
    ],
)
def test_a_name_outside_the_grammar_is_refused_with_the_nearest_inside(name, near):
    with pytest.raises(UnknownWordError) as caught:
        read_slo(name, 0.5, file="plan.yaml", line=7)
    assert str(caught.value).startswith("plan.yaml:7: unknown word ")
    assert near is None or caught.value.hint == f"did you mean '{near}'?"


@pytest.mark.parametrize(
    ("name", "limit", "message"),
    [
        ("error_rate_max", 0.0, "must be more than 0, not 0"),
        ("p95_latency_ms_max", -5.0, "must be more than 0, not -5"),
        ("error_rate_max", 5.0, "is a share between 0 and 1, not 5: write 0.05 for 5 %"),
        ("eval_tone_drift_max", 1.0, "is a share between 0 and 1, not 1"),
        ("fairness_locale_delta_max", 4.0, "is a share between 0 and 1, not 4"),
    ],
)
def test_a_limit_that_nothing_proves_or_breaks_is_impossible(name, limit, message):
    with pytest.raises(InputError) as caught:
        read_slo(name, limit)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "limit"), [("p95_latency_ms_max", 4500.0), ("cost_per_call_usd_max", 2.0)]
)
def test_an_amount_may_be_more_than_one(name, limit):
    assert read_slo(name, limit).limit == limit
