"""The cases on which others were wrong, each with our three-valued answer.

Shapes, sizes and their verdicts follow Kayenta's ClassifierSuite (37 cases, line numbers of
a69573be), its issues #5622 and #799, and the tables of Argo Rollouts (analysis and Prometheus
provider tests, 9f8d111d). The rows are our own. "High" there is a rise of a metric where a rise
is bad, "Low" a fall where a fall is bad; both are a drop of a score here, 0.10 tolerated as there.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from release_assets.domain.finding import Outcome
from release_assets.domain.live.traffic import CallCounts
from tests.domain.live.live_world import batch, call, healthy, judged, only, pair

P, F, I = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE  # noqa: E741
MARGIN = {"eval_groundedness_drift_max": 0.10}


def around(level, n, *, spread=0.05, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(level, spread, n), 0, 1).tolist()


def rare(level, n, *, seed=0):
    """Mostly zeros, as an error metric per minute is; turned into a score, mostly ones."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < level, 0.0, 1.0).tolist()


def two_arms(candidate, stable, limits=MARGIN):
    """Both halves of a stage see half of each arm."""
    halves = []
    for number, part in ((1, slice(None, None, 2)), (2, slice(1, None, 2))):
        calls = [
            call(score, unit=f"{arm}{number}-{i}", is_candidate=arm == "c")
            for arm, scores in (("c", candidate), ("s", stable))
            for i, score in enumerate(scores[part])
        ]
        halves.append(batch(number, calls=calls))
    return judged(only(limits), halves).outcome


TEN, ONE, NOUGHT = [1.0], [0.1], [0.0]
CLASSIFIER = [  # line, shape, candidate, stable, theirs, ours, why ours differs
    (26, "30 against 30 alike", around(0.9, 30), around(0.9, 30, seed=1), "Pass", I,
     "30 scores prove no margin of .10"),
    (58, "30 clearly worse (High)", around(0.3, 30), around(0.9, 30, seed=1), "High", F, ""),
    (90, "30 clearly worse (Low)", around(0.35, 30), around(0.85, 30, seed=1), "Low", F, ""),
    (122, "30 better, only a fall is watched", around(0.95, 30), around(0.6, 30, seed=1), "Pass", P,
     ""),
    (154, "30 better, only a rise is watched", around(0.9, 30), around(0.4, 30, seed=1), "Pass", P,
     ""),
    (186, "30 worse, not critical", around(0.4, 30), around(0.9, 30, seed=1), "High", F, ""),
    (219, "30 worse downwards", around(0.4, 30), around(0.9, 30, seed=2), "Low", F, ""),
    (251, "210 against 210 mostly zeros", rare(0.6, 210), rare(0.05, 210, seed=1), "High", F, ""),
    (314, "5 against 5, ratio over 1.2", around(0.5, 5), around(0.9, 5, seed=1), "High", I,
     "5 scores are noise"),
    (327, "5 against 5, ratio under 0.8", around(0.5, 5), around(0.9, 5, seed=2), "Low", I,
     "5 scores are noise"),
    (358, "5 against 5, ratio 0.5 to 1 allowed", around(0.7, 5), around(0.9, 5, seed=1), "Pass", I,
     "5 scores are no proof"),
    (371, "210 against 210, ratio 1 to 5 allowed", rare(0.05, 210), rare(0.05, 210, seed=1), "Pass",
     I, "210 noisy scores of two arms do not prove .10 on both halves"),
    (432, "60 against 60 alike by effect", around(0.9, 60), around(0.9, 60, seed=1), "Pass", I,
     "29 scores a half prove .10 only when none of them wavers"),
    (479, "60 against 60 worse by effect", around(0.6, 60), around(0.9, 60, seed=1), "High", F, ""),
    (520, "30 against 30 worse by effect", around(0.4, 30), around(0.9, 30, seed=3), "Low", F, ""),
    (549, "critical rise", around(0.3, 30), around(0.9, 30, seed=4), "High critical", F, ""),
    (563, "critical fall", around(0.3, 30), around(0.9, 30, seed=5), "Low critical", F, ""),
    (577, "effect over the critical size but not critical", around(0.3, 30),
     around(0.9, 30, seed=6), "High", F, ""),
    (595, "large effect under a huge allowance", around(0.3, 30), around(0.9, 30, seed=7), "Pass",
     F, "a drop of .60 is harm whatever the allowance"),
    (613, "default thresholds", around(0.3, 30), around(0.9, 30, seed=8), "High critical", F, ""),
    (627, "3 against 2 all equal", [0.9] * 3, [0.9] * 2, "Pass", I, "3 scores are no proof"),
    (640, "the same set in another order", [0.2, 0.5, 0.9] * 3, [0.9, 0.2, 0.5] * 3, "Pass", I,
     "9 scores are no proof"),
    (653, "one zero among ones", [1.0] * 9 + [0.0], [1.0] * 10, "Pass", I,
     "10 scores are no proof"),
    (666, "empty experiment", [], around(0.9, 30), "Nodata", I, ""),
    (679, "empty and critical", [], around(0.9, 30), "Nodata critical", I, ""),
    (693, "empty, NaN replaced by zero", [], around(0.9, 30), "Pass", I,
     "no data is never a pass"),
    (706, "both empty", [], [], "Nodata", I, ""),
    (719, "one outlier of five", [0.9, 0.9, 0.9, 0.9, 0.1], [0.9] * 5, "Pass", I,
     "5 scores are no proof"),
    (732, "all ten against all one", NOUGHT * 20, [0.9] * 20, "High", F, ""),
    (745, "all ten against all zero", NOUGHT * 20, TEN * 20, "High", F, ""),
    (758, "zero baseline, deviation NaN", NOUGHT * 20, TEN * 20, "High", F, ""),
    (772, "zero canary", TEN * 20, NOUGHT * 20, "Low", P,
     "a rise of the score is no harm"),
    (786, "10 against 10, zero baseline, critical", NOUGHT * 10, TEN * 10, "High critical", I,
     "10 scores are 32 of 100, 14 would do"),
    (805, "all zero on both sides", NOUGHT * 10, NOUGHT * 10, "Pass", I, "10 scores are no proof"),
    (819, "means differ upwards", around(0.4, 30), around(0.8, 30, seed=1), "High", F, ""),
    (832, "means differ downwards", around(0.4, 30), around(0.8, 30, seed=2), "Low", F, ""),
    (845, "means alike", around(0.8, 30), around(0.8, 30, seed=1), "Pass", I,
     "30 scores prove no margin of .10"),
]  # fmt: skip


def named(row):
    line, shape, *_, theirs, ours, why = row
    return f"{line} {shape}: theirs {theirs}, ours {ours}{' because ' + why if why else ''}"


@pytest.mark.parametrize("row", CLASSIFIER, ids=named)
def test_classifier_case(row):
    _, _, candidate, stable, _, ours, _ = row
    assert two_arms(candidate, stable) is ours


def test_all_37_classifier_cases_are_here():
    assert len(CLASSIFIER) == len({row[0] for row in CLASSIFIER}) == 37


def errors(n, bad, limit=0.01):
    calls = CallCounts(requests=n, errors=bad)
    stable = CallCounts(requests=n)
    return judged(only({"error_rate_max": limit}), [batch(1, candidate=calls, stable=stable)])


def test_five_errors_in_ten_calls_fail_where_kayenta_passed_them_in_production():
    """spinnaker #5622: a baseline of zeros made the interval start at zero."""
    assert errors(10, 5).outcome is F


def test_five_errors_in_25_calls_fail_where_kayenta_passed_them():
    """kayenta #799."""
    assert errors(25, 5).outcome is F


def test_600_against_600_binary_scores_fail_every_time():
    """On raw binary scores its shift is zero and the root finder's tolerance decides (55 % Low)."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        candidate = (rng.random(600) < 0.78).astype(float).tolist()
        stable = (rng.random(600) < 0.93).astype(float).tolist()
        assert two_arms(candidate, stable, {"eval_groundedness_drift_max": 0.04}) is F


@pytest.mark.parametrize("scale", [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_a_dearer_release_fails_in_any_unit_of_money(scale):
    """Its "High" turns to Pass when both arrays are multiplied by 0.01."""
    costs = tuple(x * scale for x in around(0.5, 60, spread=0.1))
    calls = CallCounts(requests=60, costs_usd=costs)
    judgement = judged(only({"cost_per_call_usd_max": 0.2 * scale}), [batch(1, candidate=calls)])
    assert judgement.outcome is F


def test_the_same_scope_on_both_sides_is_proven_alike_only_with_enough_of_it():
    """Its identical data pass at once; here the query has to return as much as any other."""
    few = [pair(1.0, 1.0, unit=str(i)) for i in range(20)]
    assert judged(only(MARGIN), [batch(1, pairs=few), batch(2, pairs=few)]).outcome is I


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("m", [0, 1, 2, 3])
def test_up_to_three_scores_an_arm_decide_nothing(n, m):
    """Two points fully apart from two are High there, in 12 % of equal draws."""
    assert two_arms([0.0] * n, [1.0] * m) is I


ODD = [  # their condition and verdict on one odd measurement, ours on the score
    ("NaN with success and failure: Inconclusive", math.nan),
    ("NaN with success only: Failed", math.nan),
    ("NaN with failure only: Successful", math.nan),
    ("NaN with isNaN allowed: Successful", math.nan),
    ("+Inf with success >= 0.9: Successful", math.inf),
    ("+Inf with failure isInf: Failed", math.inf),
    ("-Inf with failure < 0.9: Failed", -math.inf),
]


@pytest.mark.parametrize(("theirs", "score"), ODD, ids=[row[0] for row in ODD])
def test_a_measurement_that_is_no_number_is_inconclusive_however_it_is_compared(theirs, score):
    rows = [pair(score, 1.0, unit=str(i)) for i in range(50)]
    assert judged(only(MARGIN), [batch(1, pairs=rows)]).outcome is I


def test_no_samples_are_inconclusive_where_an_empty_vector_is_an_error():
    assert judged(only(MARGIN), [batch(1)]).outcome is I


def test_a_metrics_store_that_returns_nothing_for_an_hour_is_inconclusive_not_an_abort():
    """Five errors, ten seconds apart, abort there; the health of a store is not the release's."""
    assert judged(only(MARGIN), [batch(i) for i in range(1, 400)]).outcome is I


def test_without_any_slo_nothing_passes_where_no_condition_is_always_successful():
    assert judged(only({}), [batch(1, candidate=healthy(100))]).outcome is I


def test_a_run_stopped_before_its_first_measurement_is_inconclusive_not_successful():
    assert judged(only(MARGIN), []).outcome is I


def test_neither_enough_good_nor_enough_bad_is_inconclusive_as_in_argo():
    rng = np.random.default_rng(9)
    rows = [pair(float(rng.random() > 0.07), 1.0, unit=str(i)) for i in range(60)]
    assert judged(only(MARGIN), [batch(1, pairs=rows)]).outcome is I


def test_an_error_metric_at_half_its_limit_survives_a_day_of_looks():
    """Flagger's counter is never reset by a good check: rare noise always ends a long canary."""
    rng = np.random.default_rng(3)
    day = [
        batch(i, candidate=CallCounts(requests=20, errors=int(rng.binomial(20, 0.005))), seconds=30)
        for i in range(1, 1_000)
    ]
    the_plan = only({"error_rate_max": 0.01}, seconds=86_400)
    assert judged(the_plan, day).outcome is not F
