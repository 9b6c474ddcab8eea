"""A canary stage waits, advances or is taken back for reasons that a release manager can read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from release_assets.domain.errors import InputError
from release_assets.domain.finding import Outcome
from release_assets.domain.live import judge
from release_assets.domain.live.reading import Shown
from release_assets.domain.live.state import LiveState
from release_assets.domain.live.streams import Stream, latency_limits_ms, needs_latencies
from release_assets.domain.live.traffic import CallCounts
from tests.domain.live.live_world import (
    LOCALES,
    SEED,
    batch,
    call,
    healthy,
    judged,
    only,
    pair,
    plan,
    run,
    same,
    scored,
)

DRIFT = {"eval_groundedness_drift_max": 0.04}
LEVEL = {"error_rate_max": 0.01}


def by_rule(judgement, rule):
    return next(f for f in judgement.findings if f.rule == rule)


def test_before_the_first_look_nothing_is_known():
    the_plan = plan()
    judgement = judge.judge(judge.start(the_plan), the_plan)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.evidence_against == 1.0


def test_an_empty_batch_is_no_pass():
    judgement = judged(plan(), [batch(1), batch(2)])
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_stream_that_was_never_seen_shows_nothing():
    shown = Shown.of(judge.start(plan()))
    never_seen = Stream("errors", "", "level")
    assert shown.sums(never_seen) == (0, 0, 0, 0, 0)
    assert shown.proof(never_seen) == 1.0


def test_growth_moves_only_the_streams_that_bet():
    the_plan = only(DRIFT | {"fairness_locale_delta_max": 0.04})
    english, german = ([p for p in same(50) if p.slices["locale"] == x] for x in LOCALES[:2])
    before = run(the_plan, [batch(1, pairs=english + german)])
    after = judge.look(before, batch(2, pairs=english), the_plan)
    assert after.streams == before.streams
    bet = (before.wealth.rows != after.wealth.rows).any(axis=1)
    idle = [stream for stream, moved in zip(after.streams, bet, strict=True) if not moved]
    assert {stream[2:] for stream in idle} == {
        ("drop", LOCALES[1], ""),
        ("gap", LOCALES[0], LOCALES[1]),
        ("gap", LOCALES[1], LOCALES[0]),
    }


@pytest.mark.parametrize(("limit", "pairs_a_window"), [(0.04, 94), (0.03, 125)])
def test_identical_answers_prove_a_margin_with_so_many_pairs_in_each_half(limit, pairs_a_window):
    """No method proves 0.04 with fewer than 74 pairs without a loss, 0.03 with fewer than 99."""
    the_plan = only({"eval_groundedness_drift_max": limit})

    def outcome(n):
        return judged(the_plan, [batch(1, pairs=same(n)), batch(2, pairs=same(n))]).outcome

    assert outcome(pairs_a_window) is Outcome.PASSED
    assert outcome(pairs_a_window - 1) is Outcome.INCONCLUSIVE


def test_proof_of_the_whole_stage_is_not_enough():
    the_plan = only(DRIFT)
    batches = [batch(1, pairs=same(400)), batch(2, pairs=same(20))]
    assert judged(the_plan, batches).outcome is Outcome.INCONCLUSIVE


def test_a_proof_is_taken_back_when_the_release_turns_bad_later():
    """The half that was proven is not the half that counts now (docs/methods.md, E9)."""
    the_plan = only(DRIFT)
    rng = np.random.default_rng(5)
    state = run(the_plan, [batch(1, pairs=same(200)), batch(2, pairs=same(200))])
    assert judge.judge(state, the_plan).outcome is Outcome.PASSED
    for i in range(3, 9):
        state = judge.look(state, batch(i, pairs=scored(rng, 40, drop=0.06)), the_plan)
    assert judge.judge(state, the_plan).outcome is not Outcome.PASSED


def test_a_drop_twice_the_limit_is_a_breach_after_some_300_pairs():
    the_plan = only(DRIFT)
    needed = []
    for seed in range(40):
        rng, state, n = np.random.default_rng(seed), judge.start(the_plan), 0
        while state.breach is None and n < 1000:
            n += 20
            state = judge.look(state, batch(n // 20, pairs=scored(rng, 20, drop=0.08)), the_plan)
        needed.append(n)
    assert np.median(needed) <= 285


def test_the_breach_speaks_to_the_release_manager():
    the_plan, rng = only(DRIFT), np.random.default_rng(3)
    judgement = judged(the_plan, [batch(1, pairs=scored(rng, 400, drop=0.12))])
    finding = by_rule(judgement, "eval_groundedness_drift_max")
    assert finding.outcome is Outcome.FAILED
    assert finding.because.startswith("groundedness 0.79")
    assert "against stable 0.9" in finding.because
    assert "on 400 scored pairs" in finding.because
    assert "limit 0.040" in finding.because
    assert "evidence of a breach: more than 10000 (100 needed)" in finding.because
    assert judgement.sentence == finding.because
    assert finding.scorer == "groundedness"
    assert finding.limit == 0.04
    assert finding.n == 400


def test_a_breach_is_never_taken_back():
    the_plan, rng = only(DRIFT), np.random.default_rng(3)
    state = run(the_plan, [batch(1, pairs=scored(rng, 400, drop=0.12))])
    for i in range(2, 12):
        state = judge.look(state, batch(i, pairs=same(200)), the_plan)
    judgement = judge.judge(state, the_plan)
    assert judgement.outcome is Outcome.FAILED
    assert judgement.evidence_against >= judgement.needed_against


def test_a_breach_goes_before_a_doubt():
    """Errors are far over the limit, and nothing has been scored yet."""
    the_plan = plan()
    burning = CallCounts(requests=60, errors=30, costs_usd=(0.01,) * 60)
    judgement = judged(the_plan, [batch(1, candidate=burning)])
    assert judgement.outcome is Outcome.FAILED
    assert by_rule(judgement, "error_rate_max").outcome is Outcome.FAILED
    outcomes = {f.outcome for f in judgement.findings}
    assert Outcome.INCONCLUSIVE in outcomes


def test_the_same_batch_fed_twice_changes_nothing():
    the_plan = plan()
    first = batch(1, pairs=same(30), candidate=healthy(30), stable=healthy(30))
    once = run(the_plan, [first])
    assert judge.look(once, first, the_plan) is once


def test_a_state_survives_json_bit_for_bit():
    the_plan, rng = plan(), np.random.default_rng(8)
    batches = [
        batch(i, pairs=scored(rng, 30, tag=f"{i}-"), candidate=healthy(5), stable=healthy(25))
        for i in range(1, 5)
    ]
    straight = run(the_plan, batches)
    resumed = judge.start(the_plan)
    for one in batches:
        resumed = LiveState.from_document(json.loads(json.dumps(resumed.document())))
        resumed = judge.look(resumed, one, the_plan)
    assert resumed == straight


def test_a_state_document_is_strict_json_of_numbers_of_eight_bytes():
    state = run(plan(), [batch(1, pairs=same(30), candidate=healthy(30), stable=healthy(30))])
    document = json.loads(json.dumps(state.document(), allow_nan=False))
    rows = np.asarray(document["wealth"]["numbers"]).reshape(-1, document["wealth"]["width"])
    assert np.array_equal(rows, state.wealth.rows)
    assert document["streams"] == [list(stream) for stream in state.streams]


def test_a_state_of_another_version_is_not_read():
    document = judge.start(plan()).document()
    assert LiveState.can_read(document)
    for other in (document | {"version": 3}, {}):
        assert not LiveState.can_read(other)
        with pytest.raises(InputError, match="written by another version"):
            LiveState.from_document(other)


def test_a_state_of_another_plan_is_refused():
    with pytest.raises(InputError, match="another rollout plan"):
        judge.look(judge.start(only(DRIFT)), batch(1), plan())


def test_a_batch_of_an_unplanned_stage_is_refused():
    the_plan = only(DRIFT)
    with pytest.raises(InputError, match="not planned"):
        judge.look(judge.start(the_plan), batch(1, stage=9), the_plan)


def test_more_errors_than_calls_are_refused():
    the_plan = only(LEVEL)
    impossible = batch(1, candidate=CallCounts(requests=3, errors=4))
    with pytest.raises(InputError, match="4 errors among 3 requests"):
        judge.look(judge.start(the_plan), impossible, the_plan)


def test_a_gap_that_no_scorer_can_show_is_refused_at_the_start():
    with pytest.raises(InputError, match="nothing measures 'fairness_locale_delta_max'"):
        judge.start(only({"fairness_locale_delta_max": 0.04}))


def test_the_demo_ramp_of_a_healthy_release_passes_all_stages():
    the_plan, number = plan(), 0
    state = judge.start(the_plan)
    for stage, share in enumerate((0.01, 0.1, 0.5)):
        for _ in range(8):
            number += 1
            calls = max(1, round(150 * share))
            state = judge.look(
                state,
                batch(
                    number,
                    stage=stage,
                    pairs=same(150, tag=f"{number}-"),
                    candidate=healthy(calls),
                    stable=healthy(150 - calls),
                ),
                the_plan,
            )
            judgement = judge.judge(state, the_plan)
            planned_s = the_plan.stages[stage].duration.total_seconds()
            if judgement.outcome is Outcome.PASSED and state.elapsed_s >= planned_s:
                break
        assert judgement.outcome is Outcome.PASSED, judgement.sentence
    assert number <= 10


def test_a_guard_stage_does_not_need_the_proof_of_the_limit():
    early = {"eval_groundedness_drift_max": 0.04}
    the_plan = plan(((1, 9, early, "guard"), (50, 15, early, "proof")), budget=None)
    judgement = judged(the_plan, [batch(1, pairs=same(60)), batch(2, pairs=same(60))])
    assert judgement.outcome is Outcome.PASSED
    assert "a drop under 0.080 is proven" in judgement.sentence


def test_a_guard_stage_asks_for_its_least_number_of_calls():
    the_plan = plan(((1, 9, SEED | LEVEL, "guard"),), min_samples=40)
    few, enough = healthy(20), healthy(80)
    for calls, outcome in ((few, Outcome.INCONCLUSIVE), (enough, Outcome.PASSED)):
        judgement = judged(the_plan, [batch(1, candidate=calls, stable=healthy(100))])
        assert by_rule(judgement, "error_rate_max").outcome is outcome


def test_a_stage_without_levels_asks_for_its_least_number_of_scored_pairs():
    the_plan = plan(((50, 10, DRIFT, "proof"),), min_samples=300)
    few = [batch(1, pairs=same(100)), batch(2, pairs=same(100))]
    assert judged(the_plan, few).outcome is Outcome.INCONCLUSIVE
    assert judged(the_plan, [*few, batch(3, pairs=same(100))]).outcome is Outcome.PASSED


def test_a_level_over_its_limit_is_not_proven_even_without_a_breach():
    the_plan = only(LEVEL)
    over = [batch(i, candidate=CallCounts(requests=150, errors=2)) for i in (1, 2)]
    judgement = judged(the_plan, over)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert "not yet beyond doubt" in judgement.sentence


def test_a_level_that_rises_in_the_second_half_is_not_proven():
    the_plan = only(LEVEL)
    rising = [
        batch(1, candidate=CallCounts(requests=600, errors=0)),
        batch(2, candidate=CallCounts(requests=150, errors=2)),
    ]
    assert judged(the_plan, rising).outcome is Outcome.INCONCLUSIVE


def test_149_clean_calls_satisfy_an_error_limit_of_one_percent():
    the_plan = only(LEVEL)
    for n, outcome in ((149, Outcome.PASSED), (147, Outcome.INCONCLUSIVE)):
        halves = [batch(1, candidate=healthy(n // 2)), batch(2, candidate=healthy(n - n // 2))]
        assert judged(the_plan, halves).outcome is outcome


def test_ratings_are_guarded_while_there_are_few():
    the_plan = only(LEVEL | {"feedback_negative_rate_max": 0.05})
    calls = CallCounts(requests=100, feedback=3, feedback_negative=1)
    judgement = judged(the_plan, [batch(1, candidate=calls), batch(2, candidate=calls)])
    assert by_rule(judgement, "feedback_negative_rate_max").outcome is Outcome.PASSED


def test_no_rating_at_all_proves_nothing():
    the_plan = only(LEVEL | {"feedback_negative_rate_max": 0.05})
    calls = CallCounts(requests=100)
    judgement = judged(the_plan, [batch(1, candidate=calls), batch(2, candidate=calls)])
    assert by_rule(judgement, "feedback_negative_rate_max").outcome is Outcome.INCONCLUSIVE


def test_a_locale_that_alone_got_worse_is_named():
    the_plan = only({"eval_groundedness_drift_max": 0.3, "fairness_locale_delta_max": 0.04})
    rng = np.random.default_rng(11)
    state = judge.start(the_plan)
    for i in range(1, 90):
        pairs = [
            pair(float(locale != "ja-JP" or rng.random() > 0.3), 1.0, unit=f"{i}{k}", locale=locale)
            for k, locale in enumerate(LOCALES * 6)
        ]
        state = judge.look(state, batch(i, pairs=pairs), the_plan)
        if state.breach:
            break
    judgement = judge.judge(state, the_plan)
    named = {f.slice for f in judgement.findings if f.outcome is Outcome.FAILED and f.slice}
    assert named == {"ja-JP"}


def test_what_all_slices_lose_alike_is_no_gap():
    """A drift limit of .30 allows all of them a drop of .12; the gap limit of .04 is kept."""
    the_plan = only({"eval_groundedness_drift_max": 0.3, "fairness_locale_delta_max": 0.04})
    rng, state = np.random.default_rng(2), judge.start(the_plan)
    for i in range(1, 60):
        pairs = scored(rng, 100, drop=0.12, tag=f"{i}-")
        state = judge.look(state, batch(i, pairs=pairs), the_plan)
    assert state.breach is None


def test_one_slice_alone_shows_no_fairness():
    the_plan = only(DRIFT | {"fairness_locale_delta_max": 0.04})
    pairs = [pair(1.0, 1.0, unit=str(i)) for i in range(200)]
    judgement = judged(the_plan, [batch(1, pairs=pairs), batch(2, pairs=pairs)])
    assert by_rule(judgement, "fairness_locale_delta_max").outcome is Outcome.INCONCLUSIVE


def test_two_arms_without_replay_are_compared_in_blocks():
    the_plan, rng = only(DRIFT), np.random.default_rng(4)

    def calls(i, drop):
        ours = [(f"c{i}-{k}", True, 0.93 - drop) for k in range(20)]
        theirs = [(f"s{i}-{k}", False, 0.93) for k in range(60)]
        return [
            call(float(rng.random() < level), unit=unit, is_candidate=is_candidate)
            for unit, is_candidate, level in (*ours, *theirs)
        ]

    good = run(the_plan, [batch(i, calls=calls(i, 0.0)) for i in range(1, 30)])
    assert good.breach is None
    assert judge.judge(good, the_plan).scored == 29 * 20
    bad = run(the_plan, [batch(i, calls=calls(i, 0.12)) for i in range(1, 30)])
    assert bad.breach is not None


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf"), 1.2, -0.1])
def test_a_score_that_is_no_score_is_never_compared(score):
    the_plan = only(DRIFT)
    pairs = [*same(200), *(pair(score, 1.0, unit=f"bad{i}") for i in range(6))]
    judgement = judged(the_plan, [batch(1, pairs=pairs), batch(2, pairs=same(200, tag="2-"))])
    assert by_rule(judgement, "scores_are_usable").outcome is Outcome.INCONCLUSIVE
    assert by_rule(judgement, "eval_groundedness_drift_max").n == 400


def test_missing_candidate_scores_become_a_breach_of_their_own():
    the_plan = only(DRIFT)
    pairs = [pair(None if i % 5 == 0 else 1.0, 1.0, unit=str(i)) for i in range(200)]
    state = run(the_plan, [batch(i, pairs=pairs) for i in range(1, 4)])
    judgement = judge.judge(state, the_plan)
    assert by_rule(judgement, "scores_are_complete").outcome is Outcome.FAILED


def test_a_scorer_that_is_down_for_both_arms_accuses_nobody():
    the_plan = only(DRIFT)
    pairs = [pair(None, None, unit=str(i)) for i in range(200)]
    state = run(the_plan, [batch(i, pairs=pairs) for i in range(1, 9)])
    assert state.breach is None
    assert judge.judge(state, the_plan).outcome is Outcome.INCONCLUSIVE


def test_missing_candidate_scores_narrow_the_margin_to_prove():
    the_plan = only(DRIFT)
    lacking = [pair(None, 1.0, unit=f"m{i}") for i in range(2)]
    whole = [batch(1, pairs=same(100)), batch(2, pairs=same(100))]
    short = [batch(1, pairs=[*same(98), *lacking]), batch(2, pairs=[*same(98), *lacking])]
    assert judged(the_plan, whole).outcome is Outcome.PASSED
    assert judged(the_plan, short).outcome is Outcome.INCONCLUSIVE


def test_a_new_scorer_version_ends_the_evidence_for_the_release():
    the_plan = only(DRIFT)
    newer = [pair(1.0, 1.0, unit=str(i), version="2") for i in range(100)]
    before = [batch(1, pairs=same(100)), batch(2, pairs=same(100))]
    assert judged(the_plan, before).outcome is Outcome.PASSED
    assert judged(the_plan, [*before, batch(3, pairs=newer)]).outcome is Outcome.INCONCLUSIVE


def test_calls_of_one_session_count_once():
    the_plan = only(DRIFT)
    pairs = [pair(1.0, 1.0, unit=f"s{i // 5}") for i in range(200)]
    judgement = judged(the_plan, [batch(1, pairs=pairs), batch(2, pairs=pairs)])
    assert judgement.scored == 80
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_in_a_shadow_stage_a_breach_is_told_but_not_acted_on():
    the_plan = only(LEVEL)
    shadow = replace(the_plan.stages[0], mode="shadow")
    the_plan = replace(the_plan, stages=(shadow, *the_plan.stages[1:]))
    burning = CallCounts(requests=60, errors=30)
    judgement = judged(the_plan, [batch(1, candidate=burning)])
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert "not acted on" in judgement.sentence


def test_dearer_calls_are_a_breach_without_any_cap_on_cost():
    the_plan, rng = only({"cost_per_call_usd_max": 0.014}), np.random.default_rng(2)
    costs = rng.lognormal(np.log(0.021) - 0.5, 1.0, 600)
    state = run(the_plan, [batch(1, candidate=CallCounts(requests=600, costs_usd=tuple(costs)))])
    assert state.breach is not None


def test_costs_that_are_no_amounts_are_left_out():
    the_plan = only({"cost_per_call_usd_max": 0.014}, evidence="guard")
    odd = CallCounts(requests=4, costs_usd=(0.01, float("nan"), float("inf"), -1.0))
    judgement = judged(the_plan, [batch(1, candidate=odd)])
    assert by_rule(judgement, "cost_per_call_usd_max").n == 1


@pytest.mark.parametrize(("name", "limit"), [("mean", 150.0), ("p50", 100.0)])
def test_slower_calls_are_a_breach_of_a_mean_and_of_a_median(name, limit):
    the_plan, rng = only({f"{name}_latency_ms_max": limit}), np.random.default_rng(2)
    fine, slow = (tuple(rng.lognormal(np.log(m), 0.5, 600)) for m in (85, 150))
    calls = [CallCounts(requests=600, latencies_ms=took) for took in (fine, slow)]
    assert run(the_plan, [batch(1, candidate=calls[0], stable=calls[0])]).breach is None
    judgement = judged(the_plan, [batch(1, candidate=calls[1], stable=calls[0])])
    assert judgement.outcome is Outcome.FAILED
    assert "latency" in judgement.sentence or "took longer than 100 ms" in judgement.sentence


def test_a_healthy_latency_is_read_with_its_unit_and_stable_beside_it():
    the_plan = only({"mean_latency_ms_max": 150})
    found = judged(the_plan, [batch(1, candidate=healthy(40), stable=healthy(360))])
    because = by_rule(found, "mean_latency_ms_max").because
    assert because.startswith("latency 120 ms a call on 40 calls, limit 150 (stable 120)")


@pytest.mark.parametrize("name", ["p50", "p95"])
def test_a_percentile_needs_no_single_latencies(name):
    """Calls over its limit say the same; of older looks, single latencies or slow calls do."""
    the_plan = only({f"{name}_latency_ms_max": 100})
    took = (*(85.0,) * 580, *(150.0,) * 20)
    counted = CallCounts(requests=600, over_ms={100.0: 20})
    older = [CallCounts(requests=600, latencies_ms=took)]
    older += [CallCounts(requests=600, slow=20)] if name == "p95" else []

    for calls in older:
        assert run(the_plan, [batch(1, candidate=calls)]) == run(
            the_plan, [batch(1, candidate=counted)]
        )


@pytest.mark.parametrize(
    ("name", "limits", "needed"),
    [("p50", (100.0,), False), ("p95", (100.0,), False), ("mean", (), True)],
)
def test_only_a_mean_needs_single_latencies(name, limits, needed):
    (stage, _) = only({f"{name}_latency_ms_max": 100}).stages
    assert (latency_limits_ms(stage), needs_latencies(stage)) == (limits, needed)


def test_calls_over_another_limit_say_nothing():
    the_plan = only({"p95_latency_ms_max": 100}, evidence="guard")
    found = judged(the_plan, [batch(1, candidate=CallCounts(requests=40, over_ms={200.0: 0}))])
    assert by_rule(found, "p95_latency_ms_max").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("name", ["mean", "p50"])
def test_without_latencies_nothing_is_known_of_them(name):
    the_plan = only({f"{name}_latency_ms_max": 150}, evidence="guard")
    found = judged(the_plan, [batch(1, candidate=CallCounts(requests=40))])
    assert by_rule(found, f"{name}_latency_ms_max").outcome is Outcome.INCONCLUSIVE


def test_too_slow_calls_are_counted_not_averaged():
    the_plan = only({"p95_latency_ms_max": 4500})
    slow = CallCounts(requests=400, over_ms={4500: 80})
    state = run(the_plan, [batch(1, candidate=slow)])
    sentence = judge.judge(state, the_plan).sentence
    assert sentence.startswith("20.0% of 400 calls took longer than 4500 ms, 5% allowed")
    finding = judge.judge(state, the_plan).findings[0]
    assert finding.observed == 0.2
    assert finding.limit == pytest.approx(0.05)
    assert finding.interval is not None
    assert finding.interval[0] < 0.2 < finding.interval[1]


def test_the_emergency_path_breaches_with_less_evidence():
    the_plan = only(LEVEL)
    calls = CallCounts(requests=100, errors=6)
    usual, short = judge.start(the_plan), judge.start(the_plan, alpha=0.05)
    usual, short = (judge.look(s, batch(1, candidate=calls), the_plan) for s in (usual, short))
    assert judge.judge(short, the_plan).needed_against == 20
    assert short.breach
    assert not usual.breach
