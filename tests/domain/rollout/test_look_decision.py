"""A decision counts for a minute, for its canary stage, and for the rollout that its look left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.decision import LONGEST_LOOK, Decision, StageAct, note_look
from release_assets.domain.rollout.look_decision import LookDecision
from release_assets.domain.rollout.machine import RolloutState, apply
from release_assets.domain.triggers import next_run
from tests.domain.rollout.rollouts import rollout

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LOOKED_AT = rollout(
    stage=1,
    stage_entered_at=AT - timedelta(minutes=3),
    healthy=timedelta(minutes=2),
    last_look_at=AT - timedelta(seconds=5),
    because="looked",
    version=7,
)
DECIDED = Decision(
    act=StageAct.ADVANCE,
    because="2 min observed healthy",
    event=RolloutEvent.STAGE_ENTERED,
    healthy=timedelta(minutes=2),
)
ADVANCE = LookDecision.of(LOOKED_AT, DECIDED, at=AT)
NOTED = note_look(LOOKED_AT, DECIDED, now=AT)


def test_a_decision_counts_while_the_rollout_is_as_its_look_left_it():
    assert ADVANCE.why_stale(NOTED, AT) is None
    assert ADVANCE.why_stale(NOTED, AT + LONGEST_LOOK) is None


def test_a_decision_older_than_the_longest_look_counts_no_more():
    stale = ADVANCE.why_stale(NOTED, AT + timedelta(seconds=61))

    assert stale == "the newest look is 61 s old, more than 60 s"


def test_a_decision_about_another_stage_counts_no_more():
    assert (
        ADVANCE.why_stale(replace(NOTED, stage=2), AT)
        == "the newest look was at canary stage 2, not 3"
    )


@pytest.mark.parametrize(
    "rollout",
    [
        LOOKED_AT,
        apply(NOTED, RolloutEvent.HELD, now=AT, because="a person holds it"),
        apply(LOOKED_AT, RolloutEvent.HELD, now=AT, because="a person holds it"),
        note_look(LOOKED_AT, DECIDED, now=AT + timedelta(seconds=1)),
    ],
    ids=["not_noted", "held_after_it", "held_in_its_place", "looked_at_by_another_controller"],
)
def test_a_decision_about_another_version_of_the_rollout_counts_no_more(rollout):
    assert ADVANCE.why_stale(rollout, AT) == (
        "the rollout has moved since the newest look, or does not show it yet"
    )


def asked(rollout, decision, *, is_stage_proven=False):
    run = next_run(rollout, decision, is_stage_proven=is_stage_proven)
    return run and (run.action, run.stage)


def test_a_stage_that_may_advance_is_concluded_and_then_the_next_one_entered():
    assert asked(NOTED, ADVANCE) == ("conclude_stage", 1)
    assert asked(NOTED, ADVANCE, is_stage_proven=True) == ("enter_stage", 2)


def test_a_freeze_keeps_no_stage_from_being_concluded():
    """It stops raising, and concluding raises nothing."""
    frozen = replace(ADVANCE, act=StageAct.WAIT, is_frozen=True)

    assert asked(NOTED, frozen) == ("conclude_stage", 1)
    assert asked(replace(NOTED, state=RolloutState.WATCHING), frozen) == ("complete_release", 1)


def test_without_a_decision_only_what_rollout_and_ledger_say_is_asked_for():
    assert asked(NOTED, None) is None
    assert asked(NOTED, None, is_stage_proven=True) == ("enter_stage", 2)
    braked = apply(NOTED, RolloutEvent.BREACHED, now=AT, because="errors")
    assert asked(braked, None) == ("roll_back_release", 1)


@pytest.mark.parametrize("act", [StageAct.WAIT, StageAct.HOLD, StageAct.BRAKE])
def test_no_other_decision_asks_for_a_run(act):
    assert asked(NOTED, replace(ADVANCE, act=act)) is None


def test_a_look_later_than_now_does_not_count():
    """A clock that was set back must not keep a decision alive."""
    decision = LookDecision.of(LOOKED_AT, DECIDED, at=AT)
    left = note_look(LOOKED_AT, DECIDED, now=AT)

    assert decision.why_stale(left, AT) is None
    assert "set back" in str(decision.why_stale(left, AT - timedelta(seconds=1)))
