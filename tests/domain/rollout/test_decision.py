"""What follows a look: breach before doubt before not enough before pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from release_assets.domain.errors import IllegalTransitionError, InputError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.decision import (
    StageAct,
    StageObservation,
    advance,
    follow,
    note_look,
)
from release_assets.domain.rollout.machine import RolloutState
from tests.domain.rollout.rollouts import NOW, PLAN, rollout

MINUTE = timedelta(minutes=1)
S = RolloutState


def proof(**changed):
    """In the last stage below 100 %, with its whole day observed."""
    return rollout(**({"stage": 2, "healthy": timedelta(days=1)} | changed))


def guard(**changed):
    """In the first stage, with its half hour observed."""
    return rollout(**({"healthy": 30 * MINUTE} | changed))


def watch(**changed):
    """At 100 %, with its hour observed."""
    return rollout(**({"state": S.WATCHING, "stage": 3, "healthy": 60 * MINUTE} | changed))


def look(at, **changed):
    """A clean look at a rollout, five seconds after the last."""
    seen = {
        "now": (at.last_look_at or at.stage_entered_at) + timedelta(seconds=5),
        "outcome": Outcome.PASSED,
        "sentence": "groundedness 0.93 against 0.93 (n=500)",
        "traffic_pct": PLAN.stages[at.stage].traffic_pct,
        "scored": 500,
        "coverage": 1.0,
    }
    return StageObservation(**(seen | changed))


def decide(at, plan=PLAN, **changed):
    return advance(at, look(at, **changed), plan)


def test_a_proven_stage_advances():
    decision = decide(proof())
    assert (decision.act, decision.event) == (StageAct.ADVANCE, RolloutEvent.FULL_TRAFFIC_REACHED)
    assert decision.because == "24 h observed healthy; groundedness 0.93 against 0.93 (n=500)"


@pytest.mark.parametrize("at", [rollout(), guard(), proof(), watch(), guard(state=S.HELD)])
def test_a_breach_brakes_from_anywhere(at):
    decision = decide(at, outcome=Outcome.FAILED, sentence="groundedness 0.81 against 0.93")
    assert (decision.act, decision.because, decision.page) == (
        StageAct.BRAKE,
        "groundedness 0.81 against 0.93",
        True,
    )


def test_a_breach_is_never_hidden_by_any_doubt():
    doubts: dict[str, list[Any]] = {
        "traffic_pct": [None, 0.0, 1.0],
        "scored": [0, 500],
        "coverage": [0.0, 1.0],
        "unseen": [timedelta(), timedelta(days=1)],
        "frozen": [None, "quarter end"],
    }
    for values in product(*doubts.values()):
        seen = dict(zip(doubts, values, strict=True))
        assert decide(guard(), outcome=Outcome.FAILED, **seen).act is StageAct.BRAKE


def test_a_brake_that_was_begun_is_pulled_to_its_end():
    """The traffic was cut and the write was lost; the next look may see no harm any more."""
    decision = decide(guard(), traffic_pct=0.0, braking="errors 4 %")
    assert (decision.act, decision.because) == (StageAct.BRAKE, "errors 4 %")


def test_more_traffic_than_planned_is_braked():
    decision = decide(guard(), traffic_pct=10.0)
    assert decision.act is StageAct.BRAKE
    assert decision.because == "the router gives 10 % where 1 % is allowed"


def test_a_recorded_intent_to_raise_is_not_too_much_traffic():
    between = look(guard(), traffic_pct=10.0, allowed_pct=10.0)
    assert advance(guard(), between, PLAN).act is not StageAct.BRAKE
    assert decide(guard(), traffic_pct=10.5, allowed_pct=10.0).act is StageAct.BRAKE
    assert decide(guard(), traffic_pct=1.0, allowed_pct=10.0).act is not StageAct.HOLD


def test_less_traffic_than_planned_is_held_for_a_person():
    decision = decide(guard(), traffic_pct=0.0)
    assert (decision.act, decision.page) == (StageAct.HOLD, True)
    assert decision.because == "the router gives 0 % where 1 % is planned"


def test_a_rounding_difference_at_the_router_is_none():
    assert decide(guard(), traffic_pct=1.0000001).act is StageAct.ADVANCE
    assert decide(guard(), traffic_pct=0.9999999).act is StageAct.ADVANCE


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"traffic_pct": None}, "the router could not be read"),
        ({"unseen": 3 * MINUTE}, "the last 3 min were not seen"),
        ({"scored": 0}, "0 of 1 scored samples"),
        ({"coverage": 0.5}, "50% of the look windows measured, 90% wanted"),
        ({"frozen": "quarter end"}, "frozen: quarter end"),
    ],
)
def test_what_is_not_known_waits(changed, because):
    assert decide(guard(), **changed).because == because
    assert decide(guard(), **changed).act is StageAct.WAIT


def test_no_breach_so_far_never_opens_full_traffic():
    decision = decide(proof(), outcome=Outcome.INCONCLUSIVE, sentence="needs 300 more samples")
    assert (decision.act, decision.because) == (StageAct.WAIT, "not proven: needs 300 more samples")


@pytest.mark.parametrize("at", [guard(), proof(), watch()])
def test_no_stage_goes_on_without_a_passed_judgement(at):
    assert decide(at).act is not StageAct.WAIT
    assert decide(at, outcome=Outcome.INCONCLUSIVE).act is StageAct.WAIT


def test_written_min_samples_are_waited_for():
    stages = (replace(PLAN.stages[0], min_samples=600), *PLAN.stages[1:])
    plan = replace(PLAN, stages=stages)
    at = guard(plan_digest=plan.digest)
    assert decide(at, plan).because == "500 of 600 scored samples"
    assert decide(at, plan, scored=600).act is StageAct.ADVANCE


def test_time_is_waited_for_whatever_the_evidence():
    decision = decide(rollout())
    assert decision.act is StageAct.WAIT
    assert decision.because.startswith("5 s of 30 min observed healthy")


@pytest.mark.parametrize(
    "lack", [{"outcome": Outcome.INCONCLUSIVE}, {"scored": 0}, {"coverage": 0.5}]
)
def test_undecided_at_the_longest_time_a_person_is_asked(lack):
    decision = decide(proof(healthy=timedelta(days=2)), **lack)
    assert (decision.act, decision.page) == (StageAct.HOLD, True)
    assert decision.because.startswith("undecided after 48 h: ")


def test_a_long_silence_calls_a_person():
    assert decide(guard(), unseen=9 * MINUTE).act is StageAct.WAIT
    decision = decide(guard(), unseen=10 * MINUTE)
    assert (decision.act, decision.because) == (StageAct.HOLD, "nothing was seen for 10 min")


def test_a_freeze_stops_raising_and_never_the_watch_or_the_brake():
    assert decide(guard(), frozen="quarter end").act is StageAct.WAIT
    assert decide(guard(), frozen="x", outcome=Outcome.FAILED).act is StageAct.BRAKE


def test_the_watch_ends_in_complete():
    decision = decide(watch())
    assert (decision.act, decision.event) == (StageAct.COMPLETE, RolloutEvent.COMPLETED)


def test_the_watch_waits_for_its_time():
    assert decide(watch(healthy=MINUTE)).act is StageAct.WAIT


def test_the_watch_is_held_undecided_at_twice_its_time_unless_written():
    decision = decide(watch(healthy=timedelta(hours=2)), outcome=Outcome.INCONCLUSIVE)
    assert decision.act is StageAct.HOLD
    written = (*PLAN.stages[:-1], replace(PLAN.stages[-1], max_duration=timedelta(hours=3)))
    plan = replace(PLAN, stages=written)
    at = watch(healthy=timedelta(hours=2), plan_digest=plan.digest)
    assert decide(at, plan, outcome=Outcome.INCONCLUSIVE).act is StageAct.WAIT


def test_a_held_rollout_waits_for_a_person_however_good_it_looks():
    decision = decide(proof(state=S.HELD, because="undecided"))
    assert (decision.act, decision.because) == (StageAct.WAIT, "undecided")


def test_a_held_rollout_is_braked_when_it_gets_too_much():
    assert decide(guard(state=S.HELD), traffic_pct=50.0).act is StageAct.BRAKE


def test_a_braked_rollout_is_braked_again_while_the_router_gives_it_traffic():
    braked = guard(state=S.BRAKED)
    assert decide(braked, traffic_pct=1.0, allowed_pct=1.0).act is StageAct.BRAKE
    calm = decide(braked, traffic_pct=0.0, outcome=Outcome.FAILED)
    assert (calm.act, calm.event, follow(braked, calm, now=NOW)) == (StageAct.WAIT, None, braked)


@pytest.mark.parametrize("state", [S.COMPLETE, S.ROLLED_BACK])
def test_nothing_is_decided_about_a_rollout_that_is_over(state):
    with pytest.raises(IllegalTransitionError, match="there is nothing to decide"):
        decide(rollout(state=state))


def test_a_plan_that_changed_under_the_rollout_is_held():
    other = replace(PLAN, notify=("slack:#others",))
    assert decide(proof(), other).because == "the plan is not the one that the rollout began with"
    assert decide(proof(), other).act is StageAct.HOLD
    assert decide(proof(), other, outcome=Outcome.FAILED).act is StageAct.BRAKE


def test_a_breach_without_automatic_rollback_is_held_for_a_person():
    plan = replace(PLAN, auto_rollback=False)
    at = guard(plan_digest=plan.digest)
    decision = decide(at, plan, outcome=Outcome.FAILED, sentence="errors 4 %")
    assert (decision.act, decision.page) == (StageAct.HOLD, True)
    assert decision.because == "errors 4 %; the plan leaves the rollback to a person"
    held = replace(at, state=S.HELD)
    assert decide(held, plan, outcome=Outcome.FAILED).act is StageAct.WAIT


def test_a_shadow_stage_tells_of_a_breach_and_goes_on():
    stages = (replace(PLAN.stages[0], mode="shadow"), *PLAN.stages[1:])
    plan = replace(PLAN, stages=stages)
    at = guard(plan_digest=plan.digest)
    decision = decide(at, plan, outcome=Outcome.FAILED, sentence="errors 4 %")
    assert (decision.act, decision.because) == (
        StageAct.ADVANCE,
        "shadow stage, would have braked: errors 4 %",
    )
    assert decision.healthy == at.healthy + timedelta(seconds=5)
    assert decide(at, plan, traffic_pct=50.0).act is StageAct.BRAKE


def test_healthy_time_grows_by_what_was_seen():
    at = rollout(last_look_at=NOW + MINUTE, healthy=MINUTE)
    assert decide(at).healthy == MINUTE + timedelta(seconds=5)
    assert decide(at, unseen=timedelta(seconds=2)).healthy == MINUTE + timedelta(seconds=3)


@pytest.mark.parametrize(
    "changed",
    [{"outcome": Outcome.FAILED}, {"traffic_pct": None}, {"now": NOW - MINUTE}, {"unseen": MINUTE}],
)
def test_healthy_time_does_not_grow_by_harm_blindness_or_a_clock_set_back(changed):
    assert decide(rollout(), **changed).healthy == timedelta()


def test_the_controllers_downtime_is_not_healthy_time():
    after_a_day = look(rollout(), now=NOW + timedelta(days=1))
    assert advance(rollout(), after_a_day, PLAN).healthy == MINUTE


def test_a_look_is_noted_without_raising_anything():
    at = proof()
    noted = note_look(at, decide(at), now=NOW + MINUTE)
    assert (noted.state, noted.stage, noted.last_look_at) == (S.RAMPING, 2, NOW + MINUTE)
    assert noted.healthy == timedelta(days=1, seconds=5)


def test_a_decision_carried_out_moves_the_rollout():
    at = proof()
    moved = follow(at, decide(at), now=NOW + MINUTE)
    assert (moved.state, moved.stage) == (S.WATCHING, 3)
    assert moved.because.endswith("groundedness 0.93 against 0.93 (n=500)")


@pytest.mark.parametrize(
    "impossible",
    [{"traffic_pct": float("nan")}, {"coverage": float("inf")}, {"traffic_pct": -1.0}],
)
def test_a_number_that_no_comparison_can_take_is_refused(impossible):
    with pytest.raises(InputError, match="impossible number"):
        look(rollout(), **impossible)
