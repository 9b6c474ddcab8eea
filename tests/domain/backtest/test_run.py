"""A plan over a recording: when it fires, on what, and what it promotes."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from release_assets.domain.backtest.verdict import comparison
from release_assets.domain.files.policy import read_policy
from release_assets.domain.finding import Outcome
from release_assets.domain.rollout.decision import StageAct
from tests.domain.backtest.recorded_world import (
    DRIFT,
    PLAN,
    backtest,
    backtests,
    plan,
    replays,
    row,
    two_arms,
)
from tests.domain.live.live_world import T0

EXAMPLE = Path(__file__).parents[3] / "examples/policy-search"
RAMP_S = 360
WHOLE_S = RAMP_S + 60


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def outcomes(found):
    return [str(stage.outcome) for stage in found.stages]


def test_a_release_as_good_as_stable_is_promoted():
    found = backtest(replays(WHOLE_S))

    assert (found.promoted, found.breach) == (True, None)
    assert found.verdict.outcome is Outcome.PASSED
    assert outcomes(found) == ["passed"] * 4
    assert [look.act for look in found.looks] == [StageAct.ADVANCE] * 3 + [StageAct.COMPLETE]


def test_each_stage_begins_where_the_one_before_it_ended():
    found = backtest(replays(WHOLE_S))

    assert found.stages[0].entered_at == T0
    assert all(one.left_at == other.entered_at for one, other in pairwise(found.stages))
    assert [stage.left_at for stage in found.stages] == [at(60), at(180), at(360), at(420)]


@pytest.mark.parametrize("seed", range(4))
def test_a_drop_of_eight_points_is_caught_and_named(seed):
    found = backtest(replays(WHOLE_S, drop=0.08, seed=seed))

    assert found.verdict.outcome is Outcome.FAILED
    assert found.breach.slo == DRIFT
    assert found.breach.candidate_scored == found.breach.candidate_calls <= 1_200
    assert outcomes(found)[-1] == "failed"
    assert found.stages[-1].left_at == found.breach.at


@pytest.mark.parametrize("seed", range(3))
def test_a_change_in_mid_ramp_is_caught_after_it_came_and_never_promoted(seed):
    found = backtest(replays(900, drop=0.12, onset_s=150, seed=seed))

    assert found.breach.at > at(150)
    assert not found.promoted


@pytest.mark.parametrize("seed", range(6))
def test_a_drop_just_over_the_limit_is_not_promoted(seed):
    assert not backtest(replays(WHOLE_S, drop=0.05, seed=seed)).promoted


@pytest.mark.parametrize(("drop", "promoted"), [(0.0, True), (0.12, False)])
def test_two_arms_of_different_requests_are_compared_as_well(drop, promoted):
    found = backtest(two_arms(WHOLE_S, drop=drop))

    assert found.promoted is promoted
    assert (found.breach is None) is promoted


HARMS = {
    "error_rate_max": lambda rng, ours: ours | {"error": rng.random() < 0.08},
    "p95_latency_ms_max": lambda rng, ours: ours | {"latency_ms": rng.choice([800, 800, 9000])},
    "cost_per_call_usd_max": lambda rng, ours: ours | {"cost_usd": 0.03 * rng.random() + 0.02},
    "feedback_negative_rate_max": lambda rng, ours: ours | {"feedback": rng.choice(["negative"])},
    "scores_are_complete": lambda rng, ours: (
        ours | {"scores": {"groundedness": rng.choice([None, 1.0])}}
    ),
}


@pytest.mark.parametrize("slo", HARMS)
def test_every_kind_of_harm_is_caught_and_named(slo):
    assert backtest(replays(200, candidate=HARMS[slo])).breach.slo == slo


def test_a_call_that_failed_without_an_answer_counts_as_slow():
    tight = PLAN.replace("      error_rate_max: 0.01\n", "")
    dead = replays(200, candidate=lambda _, ours: ours | {"error": True, "latency_ms": None})

    assert backtest(dead, plan(tight)).breach.slo == "p95_latency_ms_max"


def test_the_same_recording_gives_the_same_document_twice():
    rows = replays(WHOLE_S, drop=0.06, onset_s=100)

    one, other = (json.dumps(backtest(rows).document()) for _ in range(2))

    assert one == other


def test_a_recording_that_ends_first_is_inconclusive_and_says_how_far_it_came():
    found = backtest(replays(100))

    assert found.verdict.outcome is Outcome.INCONCLUSIVE
    assert not found.promoted
    assert outcomes(found) == ["passed", "inconclusive"]
    assert "the recording ends in canary stage 2, 10 %: 40 s of 2 min" in found.verdict.headline
    assert found.stages[-1].left_at is None


def test_full_traffic_is_a_promotion_although_the_watch_was_not_recorded_to_its_end():
    found = backtest(replays(RAMP_S + 20))

    assert found.promoted
    assert outcomes(found) == ["passed"] * 3 + ["inconclusive"]
    assert "20 s of the 60 s of the watch, without a breach" in found.verdict.headline


def test_harm_in_the_watch_takes_the_promotion_back():
    found = backtest(replays(RAMP_S, seed=5) + replays(300, start_s=RAMP_S, drop=0.5, seed=6))

    assert not found.promoted
    assert found.breach.at > at(RAMP_S)
    assert found.stages[-1].traffic_pct == 100


def test_a_stage_that_stays_undecided_is_held_and_never_promoted():
    sparse = [r for n, r in enumerate(replays(600)) if n % 80 < 2]

    found = backtest(sparse)

    assert found.verdict.outcome is Outcome.INCONCLUSIVE
    assert found.looks[-1].act is StageAct.HOLD
    assert "held in canary stage" in found.verdict.headline
    assert found.stages[-1].left_at is None


def test_a_held_release_is_still_taken_back_when_harm_shows():
    sparse = [r for n, r in enumerate(replays(400)) if n % 80 < 2]

    found = backtest(sparse + replays(300, start_s=400, drop=0.5, seed=9))

    assert [look.act for look in found.looks[-2:]] == [StageAct.HOLD, StageAct.BRAKE]
    assert found.verdict.outcome is Outcome.FAILED


def test_the_clock_stops_while_nothing_was_recorded():
    found = backtest(replays(30) + replays(WHOLE_S, start_s=330, seed=2))

    assert found.stages[0].left_at == at(360)
    assert found.promoted


def test_a_long_silence_holds_the_rollout_where_it_began():
    rows = replays(30) + replays(WHOLE_S, start_s=7200, seed=2)

    held = backtest(rows)
    patient = backtest(rows, patience=timedelta(hours=3))

    assert held.looks[-1].act is StageAct.HOLD
    assert "nothing was seen for" in held.verdict.headline
    assert held.looks[-1].at < at(7200)
    assert patient.promoted


def test_a_candidate_that_falls_silent_while_stable_goes_on_is_not_promoted():
    alive, rest = replays(50), replays(WHOLE_S, start_s=50, seed=2)
    rows = alive + [r | {"pair": None} for r in rest if r["arm"] == "stable"]

    found = backtest(rows)

    assert not found.promoted
    assert outcomes(found) == ["inconclusive"]


def test_the_ramp_begins_with_the_first_call_of_the_candidate():
    before = [row(n, "stable", f"b{n}") for n in range(100)]

    found = backtest(before + replays(WHOLE_S, start_s=100))

    assert found.stages[0].entered_at == at(100)
    assert found.promoted


def test_a_shadow_stage_reports_harm_and_goes_on():
    shadow = PLAN.replace("    duration_min: 1\n", "    duration_min: 1\n    mode: shadow\n")
    rows = replays(60, drop=0.4) + replays(WHOLE_S, start_s=60, seed=2)

    found = backtest(rows, plan(shadow))

    assert "shadow stage, not acted on" in found.stages[0].because
    assert outcomes(found)[0] == "passed"


def test_of_two_plans_the_tighter_one_fires_earlier_and_says_by_how_much():
    tight, loose = plan(), plan(**{"drift_max: 0.04": "drift_max: 0.1"})

    one, other = backtests(replays(900, drop=0.15), tight, loose)
    earlier = comparison(one, other)

    assert earlier is not None
    assert earlier["candidate_calls"] > 0
    assert earlier["seconds"] > 0
    assert other.breach.candidate_calls == one.breach.candidate_calls + earlier["candidate_calls"]
    assert comparison(one, one) == {"candidate_calls": 0, "candidate_scored": 0, "seconds": 0.0}


def test_plans_do_not_disturb_each_other():
    rows, loose = replays(WHOLE_S), plan(**{"drift_max: 0.04": "drift_max: 0.1"})

    assert backtests(rows, plan(), loose)[0].document() == backtest(rows).document()


def test_the_document_keeps_its_keys():
    found = backtest(replays(WHOLE_S, drop=0.2)).document()

    assert set(found) >= {"outcome", "headline", "findings", "promoted", "breach", "stages"}
    assert set(found["breach"]) >= {
        *("at", "slo", "candidate_scored", "candidate_calls", "because"),
    }
    stage = {"traffic_pct", "entered_at", "left_at", "outcome", "candidate_scored", "because"}
    assert all(set(one) >= stage for one in found["stages"])
    assert found["breach"]["at"].endswith("+00:00")
    json.dumps(found, allow_nan=False)


def test_fewer_looks_see_the_same_recording():
    rows = replays(WHOLE_S)

    assert backtest(rows, every=timedelta(seconds=30)).promoted
    assert backtest(rows, every=timedelta(seconds=2)).promoted


def frozen(begins_s, ends_s, because="quarter end"):
    """The shipped policy with one freeze window, in seconds from the recording's start."""
    starts, ends = at(begins_s).isoformat(), at(ends_s).isoformat()
    window = f"- {{starts: {starts}, ends: {ends}, because: {because}}}"
    text = (EXAMPLE / "policy.yaml").read_text()
    return read_policy(text.replace("freeze_windows: []", f"freeze_windows:\n  {window}"), file="p")


def test_no_traffic_rises_in_a_freeze_window_and_that_is_reported():
    found = backtest(replays(WHOLE_S + 120), policy=frozen(30, 150))

    assert found.promoted
    assert found.stages[0].left_at == at(150)
    assert found.stages[0].frozen == f"frozen: until {at(150):%Y-%m-%d %H:%M} UTC: quarter end"
    assert [stage.frozen for stage in found.stages[1:]] == [None] * 3


def test_no_ramp_begins_in_a_freeze_window():
    found = backtest(replays(WHOLE_S + 100), policy=frozen(0, 60))
    assert found.promoted
    assert found.stages[0].entered_at == at(60)


def test_the_brake_works_in_a_freeze_window():
    found = backtest(replays(WHOLE_S, drop=0.15), policy=frozen(10, 10_000))
    assert found.verdict.outcome is Outcome.FAILED
    assert found.breach.slo == DRIFT


def test_a_recording_that_ends_in_a_freeze_window_is_not_promoted():
    found = backtest(replays(WHOLE_S), policy=frozen(10, 10_000))
    assert found.verdict.outcome is Outcome.INCONCLUSIVE
    assert "the recording ends in canary stage 1, 1 %, frozen: until" in found.verdict.headline


def test_a_recording_that_is_frozen_from_end_to_end_is_never_a_pass():
    found = backtest(replays(WHOLE_S), policy=frozen(-10, 10_000))
    assert (found.verdict.outcome, found.stages) == (Outcome.INCONCLUSIVE, ())
    assert "freeze windows let no ramp begin" in found.verdict.headline
