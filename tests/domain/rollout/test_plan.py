"""The rollout plan: the example's file is accepted as it stands, and toothless plans are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.rollout.metrics import SloKind
from release_assets.domain.rollout.plan import read_rollout_plan

ROLLOUTS = Path(__file__).parents[3] / "examples/policy-search/rollouts"
PLAN = """\
canary_stages:
  - traffic_pct: 1
    duration_min: 30
    slos:
      error_rate_max: 0.01
      eval_groundedness_drift_max: 0.04
      eval_groundedness_min: 0.8
  - traffic_pct: 10
    duration_min: 0.2
    slos:
      p95_latency_ms_max: 4500
  - traffic_pct: 100
auto_rollback: true
on_rollback_notify:
  - slack: '#incidents'
"""


def read(text=PLAN, **allowed):
    return read_rollout_plan(text, file="plan.yaml", **allowed)


def refusal(old, new):
    assert PLAN.count(old) == 1, "the replaced text must stand once"
    with pytest.raises(InputError) as caught:
        read(PLAN.replace(old, new))
    return str(caught.value)


def shipped(name):
    return read_rollout_plan((ROLLOUTS / name).read_text(), file=name)


def test_the_examples_plan_is_accepted_as_it_stands():
    plan = shipped("policy-search-v1.yaml")
    assert [stage.traffic_pct for stage in plan.stages] == [1, 10, 50, 100]
    assert [stage.duration / timedelta(minutes=1) for stage in plan.stages] == [30, 240, 1440, 60]
    assert plan.notify == ("slack:#ai-platform-incidents", "pager:ai-feature-on-call")
    assert plan.auto_rollback


def test_slos_are_inherited_forward_and_say_so():
    first, second, third, full = shipped("policy-search-v1.yaml").stages
    limits = {slo.name: (slo.limit, slo.inherited) for slo in second.slos}
    assert limits["error_rate_max"] == (0.01, True)
    assert limits["eval_groundedness_drift_max"] == (0.03, False)
    assert len(first.slos) == 5
    assert len(second.slos) == len(third.slos) == len(full.slos) == 6
    assert all(slo.inherited for slo in third.slos)


def test_half_of_a_drift_or_delta_is_tolerated_and_all_of_a_level():
    tolerated = {s.name: s.tolerated for s in shipped("policy-search-v1.yaml").stages[1].slos}
    assert tolerated["eval_groundedness_drift_max"] == pytest.approx(0.015)
    assert tolerated["fairness_locale_delta_max"] == pytest.approx(0.02)
    assert tolerated["error_rate_max"] == pytest.approx(0.01)


def test_the_demo_plan_has_the_examples_stages_and_slos_in_seconds():
    """But for fairness: a gap of four points between five locales takes longer to prove."""
    example, demo = shipped("policy-search-v1.yaml"), shipped("policy-search-demo.yaml")
    assert [(s.traffic_pct, _but_fairness(s)) for s in demo.stages] == [
        (s.traffic_pct, _but_fairness(s)) for s in example.stages
    ]
    assert [s.limit for s in demo.stages[1].slos if s.metric.name == "fairness"] == [0.08]
    assert sum((s.duration for s in demo.stages), timedelta()) == timedelta(seconds=57)


def _but_fairness(stage):
    return [slo for slo in stage.slos if slo.metric.name != "fairness"]


def test_only_the_last_monitored_stage_must_prove_unless_written():
    assert [s.evidence for s in read().stages] == ["guard", "proof", "guard"]
    written = PLAN.replace("duration_min: 30", "duration_min: 30\n    evidence: proof")
    assert [s.evidence for s in read(written).stages] == ["proof", "proof", "guard"]


def test_an_undecided_stage_has_one_extension_unless_written():
    assert read().stages[0].longest == timedelta(minutes=60)
    written = PLAN.replace("duration_min: 30", "duration_min: 30\n    max_duration_min: 45")
    assert read(written).stages[0].longest == timedelta(minutes=45)


def test_the_optional_keys_are_read():
    text = PLAN.replace(
        "duration_min: 30", "duration_min: 30\n    min_samples: 60\n    mode: shadow"
    )
    plan = read(text + "watch_min: 15\nscoring_budget_per_hour: 600\n")
    assert (plan.stages[0].min_samples, plan.stages[0].mode) == (60, "shadow")
    assert (plan.watch, plan.scoring_budget_per_hour) == (timedelta(minutes=15), 600)


def test_a_duration_at_full_traffic_is_the_watch():
    text = PLAN.replace("traffic_pct: 100", "traffic_pct: 100\n    duration_min: 20")
    assert read(text).watch == timedelta(minutes=20)
    assert read(text).stages[-1].duration == timedelta(minutes=20)


def test_the_watch_has_a_longest_time_of_its_own():
    full = "traffic_pct: 100\n    max_duration_min: 90"
    assert read(PLAN.replace("traffic_pct: 100", full)).stages[-1].max_duration == timedelta(
        minutes=90
    )
    with pytest.raises(InputError, match="must be at least 60, the time that the stage takes"):
        read(PLAN.replace("traffic_pct: 100", full.replace("90", "59")))


def test_the_watch_lasts_an_hour_where_nothing_is_written():
    assert read().watch == timedelta(hours=1)


def test_an_slo_restated_with_the_same_limit_is_not_inherited():
    text = PLAN.replace("p95_latency_ms_max: 4500", "error_rate_max: 0.01")
    slo = next(s for s in read(text).stages[1].slos if s.name == "error_rate_max")
    assert not slo.inherited


def test_the_same_bound_under_another_spelling_replaces_the_inherited_one():
    text = PLAN.replace(
        "- traffic_pct: 100", "- traffic_pct: 100\n    slos: {latency_p95_ms_max: 400}"
    )
    latencies = [s for s in read(text).stages[-1].slos if s.metric.name == "latency_ms"]
    assert [(s.name, s.limit) for s in latencies] == [("latency_p95_ms_max", 400)]


def test_two_files_that_mean_the_same_have_one_digest():
    other = PLAN.replace("duration_min: 30", "duration_min: 30.0  # half an hour")
    assert read(other).digest == read().digest == read().digest
    assert read(PLAN.replace("0.01", "0.011")).digest != read().digest


def test_the_digest_of_the_examples_plan_never_changes():
    """Sign-offs of years ago name it; a change here breaks their verification."""
    digest = shipped("policy-search-v1.yaml").digest
    assert digest == "sha256:b82a24469c576e1b868d6ac446e7e1fc866b2722d52e5ebdf0d584d2b3c3ee38"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  - traffic_pct: 10\n", "  - traffic_pct: 0.5\n", "plan.yaml:8: canary stage 2 falls"),
        (
            "  - traffic_pct: 10\n",
            "  - traffic_pct: 1\n",
            "plan.yaml:8: canary stage 2 repeats 1 %",
        ),
        (
            "  - traffic_pct: 10\n",
            "  - traffic_pct: 101\n",
            "'canary_stages[2].traffic_pct' must be at",
        ),
        ("  - traffic_pct: 1\n", "  - traffic_pct: 0\n", "must be more than 0, not 0"),
        (
            "  - traffic_pct: 100\n",
            "",
            "plan.yaml:8: the last canary stage has 10 %: no stage reaches",
        ),
        ("    duration_min: 0.2\n", "", "plan.yaml:8: canary stage 2 (10 %) has no 'duration_min'"),
        (
            "duration_min: 0.2",
            "duration_min: 0",
            "plan.yaml:9: 'canary_stages[2].duration_min' must be",
        ),
        ("duration_min: 0.2", "duration_min: -3", "must be more than 0, not -3"),
        ("duration_min: 0.2", "duration_min: ten", "must be a number, not the text 'ten'"),
        ("duration_min: 0.2", "duration_min: 1e300", "must be a number, not the text '1e300'"),
        ("duration_min: 0.2", "duration_min: 1.0e+300", "must be at most 525600"),
        (
            "duration_min: 0.2",
            "duration_min: 5\n    max_duration_min: 4",
            "plan.yaml:10: 'max_duration_min' must be at least 5",
        ),
        (
            "auto_rollback: true",
            "auto_rollback: false",
            "plan.yaml:13: 'auto_rollback: false' is not",
        ),
        (
            "auto_rollback: true",
            "auto_rollback: 'true'",
            "must be true or false, not the text 'true'",
        ),
        (
            "eval_groundedness_drift_max: 0.04",
            "timeout_rate_max: 0.1",
            "plan.yaml:1: no stage below 100",
        ),
        (
            "p95_latency_ms_max: 4500",
            "error_rate_max: 0.02",
            "plan.yaml:11: canary stage 2 loosens",
        ),
        (
            "p95_latency_ms_max: 4500",
            "eval_groundedness_min: 0.7",
            "loosens 'eval_groundedness_min' from",
        ),
        (
            "p95_latency_ms_max: 4500",
            "error_rate_max: 1",
            "plan.yaml:11: 'error_rate_max' is a share",
        ),
        (
            "p95_latency_ms_max: 4500",
            "p95_latency_ms_max: 0",
            "plan.yaml:11: 'p95_latency_ms_max' must",
        ),
        (
            "p95_latency_ms_max: 4500",
            "p95_latency_ms_max: fast",
            "must be a number, not the text 'fast'",
        ),
        (
            "duration_min: 0.2",
            "duration_min: 5\n    evidence: guard",
            "plan.yaml:10: 'evidence: guard' is",
        ),
        (
            "duration_min: 0.2",
            "duration_min: 5\n    mode: shadow",
            "plan.yaml:10: 'mode: shadow' is not",
        ),
        (
            "auto_rollback: true",
            "auto_rollback: true\nauto_rollback: true",
            "duplicate key 'auto_rollback', first on line 13",
        ),
        (
            "  - slack: '#incidents'",
            "  - slack: x\n    pager: y",
            "must name one of 'slack' or 'pager'",
        ),
        ("  - slack: '#incidents'", "  - {}", "must name one of 'slack' or 'pager'"),
        ("  - slack: '#incidents'", "  - slack: ''", "must be filled in, not an empty text"),
        ("auto_rollback: true", "watch_min: 0", "'watch_min' must be more than 0, not 0"),
    ],
)
def test_a_plan_without_teeth_is_refused_in_its_place(old, new, sentence):
    assert sentence in refusal(old, new)


def test_a_loosened_limit_names_both_lines():
    assert refusal("p95_latency_ms_max: 4500", "error_rate_max: 0.02") == (
        "plan.yaml:11: canary stage 2 loosens 'error_rate_max' from 0.01 (line 5) to 0.02:"
        " a later stage may only tighten"
    )


def test_a_limit_loosened_over_a_stage_that_inherits_it_names_where_it_was_set():
    full = "- traffic_pct: 100\n    slos: {error_rate_max: 0.5}"
    assert "from 0.01 (line 5) to 0.5" in refusal("- traffic_pct: 100", full)


def test_two_spellings_of_one_bound_in_one_stage_are_refused():
    twice = "p95_latency_ms_max: 4500\n      latency_p95_ms_max: 400"
    assert refusal("p95_latency_ms_max: 4500", twice) == (
        "plan.yaml:12: 'latency_p95_ms_max' bounds what 'p95_latency_ms_max' bounds already"
        " in line 11"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "near"),
    [
        ("canary_stages:", "canary_stage:", 1, "canary_stages"),
        ("duration_min: 30", "duraton_min: 30", 3, "duration_min"),
        ("error_rate_max: 0.01", "eror_rate_max: 0.01", 5, "error_rate_max"),
        ("auto_rollback: true", "auto_rolback: true", 13, "auto_rollback"),
        ("  - slack: '#incidents'", "  - slak: x", 15, "slack"),
        ("duration_min: 30", "duration_min: 30\n    evidence: prof", 4, "proof"),
        ("duration_min: 30", "duration_min: 30\n    mode: shadwo", 4, "shadow"),
    ],
)
def test_an_unknown_word_in_a_plan_is_refused_with_the_nearest(old, new, line, near):
    with pytest.raises(UnknownWordError) as caught:
        read(PLAN.replace(old, new))
    assert (caught.value.line, caught.value.hint) == (line, f"did you mean '{near}'?")


def test_a_plan_that_starts_at_full_traffic_is_refused():
    text = "canary_stages:\n  - traffic_pct: 100\n    slos: {eval_tone_drift_max: 0.1}\n"
    with pytest.raises(InputError, match=r"plan\.yaml:2: no canary stage lies below 100 %"):
        read(text)


def test_a_plan_without_stages_is_refused():
    with pytest.raises(InputError, match=r"'canary_stages' must be filled in, not an empty list"):
        read("canary_stages: []\n")


def test_a_stage_without_any_slo_is_refused():
    text = PLAN.replace(
        "    slos:\n      error",
        "    slos: {}\n  - traffic_pct: 2\n    duration_min: 1\n    slos:\n      error",
    )
    with pytest.raises(InputError, match=r"plan\.yaml:2: canary stage 1 \(1 %\) has no SLO"):
        read(text)


def test_an_eval_drift_slo_at_full_traffic_only_is_no_protection():
    text = PLAN.replace("      eval_groundedness_drift_max: 0.04\n", "").replace(
        "- traffic_pct: 100", "- traffic_pct: 100\n    slos: {eval_tone_drift_max: 0.04}"
    )
    with pytest.raises(InputError, match="no stage below 100 % has an eval-drift SLO"):
        read(text)


def test_a_watch_written_twice_is_refused():
    text = PLAN.replace("traffic_pct: 100", "traffic_pct: 100\n    duration_min: 20")
    with pytest.raises(InputError, match="they mean the same"):
        read(text + "watch_min: 20\n")


def test_a_manual_rollback_needs_the_policys_word():
    text = PLAN.replace("auto_rollback: true", "auto_rollback: false")
    assert not read(text, allow_manual_rollback=True).auto_rollback


def test_rollback_is_automatic_where_nothing_is_written():
    assert read(PLAN.replace("auto_rollback: true\n", "")).auto_rollback


def test_the_document_shows_what_sign_off_must_see():
    stage = read().document()["canary_stages"][1]
    assert stage["slos"][0] == {
        "name": "error_rate_max",
        "limit": 0.01,
        "tolerated": 0.01,
        "inherited": True,
    }
    assert (stage["duration_min"], stage["max_duration_min"]) == (0.2, 0.4)


def test_a_minimum_tightens_upwards():
    slo = next(s for s in read().stages[0].slos if s.metric.direction == "min")
    assert slo.kind is SloKind.LEVEL
    assert replace(slo, limit=0.7).loosens(slo)
    assert not replace(slo, limit=0.9).loosens(slo)
