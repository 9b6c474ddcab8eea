"""The rollout machine: every event of the table moves it, every other one moves nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from release_assets.domain.errors import IllegalTransitionError
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.machine import (
    TRANSITIONS,
    Rollout,
    RolloutState,
    apply,
    begin,
    diagram,
    ends_rollout,
    event_of_entering,
    planned_traffic_pct,
    resuming_event,
    state_after,
)
from tests.domain.rollout.rollouts import NOW, PLAN, rollout

ROOT = Path(__file__).parents[3]
LATER = NOW + timedelta(seconds=5)
S, E = RolloutState, RolloutEvent
PAIRS = [(state, event) for state in S for event in E]


def play(*events, start=None):
    moved = start or rollout()
    for event in events:
        moved = apply(moved, event, now=LATER, because=f"{event}")
    return moved


def test_a_rollout_begins_ramping_at_its_first_stage():
    begun = rollout()
    assert (begun.state, begun.stage, begun.version) == (S.RAMPING, 0, 1)
    assert begun.plan_digest == PLAN.digest
    assert planned_traffic_pct(begun, PLAN) == 1


def test_a_good_release_goes_through_all_stages_to_complete():
    states = []
    moved = rollout()
    for event in (E.STAGE_ENTERED, E.STAGE_ENTERED, E.FULL_TRAFFIC_REACHED, E.COMPLETED):
        moved = play(event, start=moved)
        states.append((moved.state, moved.stage))
    assert states == [(S.RAMPING, 1), (S.RAMPING, 2), (S.WATCHING, 3), (S.COMPLETE, 3)]
    assert moved.version == 5


def test_a_bad_release_is_braked_and_then_rolled_back():
    braked = play(E.STAGE_ENTERED, E.BREACHED)
    assert (braked.state, planned_traffic_pct(braked, PLAN)) == (S.BRAKED, 0)
    rolled_back = play(E.ROLLED_BACK, start=braked)
    assert (rolled_back.state, planned_traffic_pct(rolled_back, PLAN)) == (S.ROLLED_BACK, 0)


def test_a_brake_can_be_pulled_again_while_the_restoration_is_under_way():
    assert play(E.BREACHED, E.BREACHED).state is S.BRAKED


@pytest.mark.parametrize("state", [S.RAMPING, S.HELD, S.WATCHING])
def test_the_brake_works_wherever_the_candidate_has_traffic(state):
    assert play(E.BREACHED, start=rollout(state=state)).state is S.BRAKED


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_each_pair_of_state_and_event_moves_as_the_table_says_or_not_at_all(state, event):
    before = rollout(state=state)
    if event in TRANSITIONS[state]:
        after = play(event, start=before)
        assert (after.state, after.version) == (TRANSITIONS[state][event], before.version + 1)
    else:
        with pytest.raises(IllegalTransitionError, match=f"is {state}; '{event}' cannot"):
            play(event, start=before)
        assert before == rollout(state=state)


def test_every_state_is_in_the_table_and_can_be_reached():
    reached, waiting = set(), [S.RAMPING]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting.extend(TRANSITIONS[state].values())
    assert reached == set(S) == set(TRANSITIONS)


def test_every_state_can_still_reach_an_end():
    ends = {state for state in S if not TRANSITIONS[state]}
    for _ in S:
        ends |= {state for state in S if ends & set(TRANSITIONS[state].values())}
    assert ends == set(S)
    assert {s for s in S if rollout(state=s).is_over} == {S.COMPLETE, S.ROLLED_BACK}


def test_an_event_ends_a_rollout_when_nothing_can_follow_it():
    assert {event for event in E if ends_rollout(event)} == {E.COMPLETED, E.ROLLED_BACK}


def test_the_state_after_an_event_is_known_where_the_table_has_only_one():
    assert state_after(E.BREACHED) is S.BRAKED
    assert state_after(E.STAGE_ENTERED) is S.RAMPING
    assert state_after(E.LOOKED) is None, "a look leaves a rollout where it is"
    assert state_after(E.PROMOTED) is None, "a rollout begins with it"


def test_no_event_leads_from_the_brake_back_to_traffic():
    assert set(TRANSITIONS[S.BRAKED].values()) == {S.BRAKED, S.ROLLED_BACK}


def test_a_look_keeps_the_stage_and_stores_the_time():
    looked = apply(rollout(), E.LOOKED, now=LATER, because="so far", healthy=timedelta(seconds=5))
    assert (looked.healthy, looked.last_look_at) == (timedelta(seconds=5), LATER)
    assert (looked.stage, looked.stage_entered_at) == (0, NOW)


def test_a_look_without_a_time_keeps_the_healthy_time():
    before = rollout(healthy=timedelta(minutes=3))
    assert play(E.LOOKED, start=before).healthy == timedelta(minutes=3)


def test_entering_a_stage_starts_its_clock():
    before = rollout(healthy=timedelta(minutes=30), last_look_at=NOW)
    after = play(E.STAGE_ENTERED, start=before)
    assert (after.healthy, after.last_look_at, after.stage_entered_at) == (
        timedelta(),
        None,
        LATER,
    )


def test_a_resumed_stage_starts_again_from_zero():
    held = rollout(state=S.HELD, stage=1, healthy=timedelta(hours=8))
    resumed = play(resuming_event(held, PLAN), start=held)
    assert (resumed.state, resumed.stage, resumed.healthy) == (S.RAMPING, 1, timedelta())


def test_a_watch_that_was_held_resumes_as_a_watch():
    held = play(E.HELD, start=rollout(state=S.WATCHING, stage=3))
    assert play(resuming_event(held, PLAN), start=held).state is S.WATCHING


def test_passing_the_last_stage_below_full_traffic_opens_it():
    assert event_of_entering(PLAN, 2) is E.STAGE_ENTERED
    assert event_of_entering(PLAN, 3) is E.FULL_TRAFFIC_REACHED


def test_the_emergency_path_begins_at_its_own_stage():
    begun = begin(
        release="policy-search-142",
        release_digest="sha256:new",
        stable_release="policy-search-98",
        stable_digest="sha256:old",
        plan=PLAN,
        now=NOW,
        because="jailbreak-disclosed",
        stage=2,
    )
    assert planned_traffic_pct(begun, PLAN) == 50


@pytest.mark.parametrize("last_look_at", [None, LATER])
def test_a_rollout_survives_being_written_down(last_look_at):
    before = rollout(stage=2, healthy=timedelta(seconds=7.25), last_look_at=last_look_at)
    assert Rollout.from_document(before.document()) == before


def test_the_documentation_shows_the_table_as_it_is():
    """If this fails: put the text of `diagram()` into docs/rollout.md."""
    assert f"```text\n{diagram()}\n```" in (ROOT / "docs/rollout.md").read_text()
