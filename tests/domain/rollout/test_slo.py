"""SLO names follow a grammar: what it says is understood, what it does not say is refused."""

from __future__ import annotations

import pytest

from release_assets.domain.errors import UnknownWordError
from release_assets.domain.rollout.slo import SloName, impossibility, read_slo_name


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
    assert read_slo_name(name) == SloName(metric=metric, aggregate=aggregate)


@pytest.mark.parametrize("scorer", ["groundedness", "answer_relevance", "g2"])
def test_any_scorer_can_be_bounded_in_its_drift_and_its_level(scorer):
    drift = read_slo_name(f"eval_{scorer}_drift_max")
    level = read_slo_name(f"eval_{scorer}_min")
    assert (drift.kind, drift.bound, drift.subject) == ("drift", "max", scorer)
    assert (level.kind, level.bound, level.subject) == ("level", "min", scorer)


@pytest.mark.parametrize("slice_key", ["locale", "age_group"])
def test_any_slice_can_be_bounded_in_its_delta(slice_key):
    said = read_slo_name(f"fairness_{slice_key}_delta_max")
    assert said == SloName(metric="fairness", kind="delta", subject=slice_key)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("error_rte_max", "error_rate_max"),
        ("error_rate_min", "error_rate_max"),
        ("error_rate_drift_max", "error_rate_max"),
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
        read_slo_name(name, file="plan.yaml", line=7)
    assert str(caught.value).startswith("plan.yaml:7: unknown word ")
    assert near is None or caught.value.hint == f"did you mean '{near}'?"


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("error_rate_max", 0.0, "must be more than 0, not 0"),
        ("p95_latency_ms_max", -5.0, "must be more than 0, not -5"),
        ("error_rate_max", 5.0, "is a share between 0 and 1, not 5: write 0.05 for 5 %"),
        ("eval_tone_drift_max", 1.0, "is a share between 0 and 1, not 1"),
        ("fairness_locale_delta_max", 4.0, "is a share between 0 and 1, not 4"),
        ("p95_latency_ms_max", 4500.0, ""),
        ("cost_per_call_usd_max", 2.0, ""),
    ],
)
def test_a_limit_that_nothing_proves_or_breaks_is_impossible(name, limit, said):
    assert said in impossibility(name, read_slo_name(name), limit)
    assert bool(said) == bool(impossibility(name, read_slo_name(name), limit))
