"""The run that a rollout needs next is asked for, once while it is under way."""

import dagster as dg
import pytest

from release_assets.control.rollouts import move
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.partitions import canary_stage_key
from sensors.requesting import UNFINISHED
from sensors.stage_progress import stage_progress
from tests.phases.sign_off.test_promotion import freeze
from tests.phases.world import RELEASE, STAGE_KEYS
from tests.phases.worlds import braked, promoted, ramping, watching


def asked(result):
    return [(r.job_name, r.partition_key) for r in result.run_requests]


def at_stage(index):
    return canary_stage_key(RELEASE, STAGE_KEYS[index])


def test_a_promoted_release_asks_for_its_first_stage(world_at, tick):
    result = tick(stage_progress, world_at(promoted))

    assert asked(result) == [("enter_stage", at_stage(0))]
    added = {k for r in result.dynamic_partitions_requests for k in r.partition_keys}
    assert added == {RELEASE, STAGE_KEYS[0]}


def test_a_stage_that_is_not_proven_asks_for_nothing(world_at, tick):
    world = world_at(ramping)
    world.look(5)

    assert asked(tick(stage_progress, world)) == []


def test_a_proven_stage_asks_for_its_gate_and_then_for_the_next_stage(world_at, tick):
    world = world_at(ramping)
    world.prove()
    concluding = tick(stage_progress, world)
    assert world.run_stage("conclude_stage", 0).is_success
    entering = tick(stage_progress, world)

    assert asked(concluding) == [("conclude_stage", at_stage(0))]
    assert asked(entering) == [("enter_stage", at_stage(1))]


def test_a_braked_rollout_asks_for_its_restoration(world_at, tick):
    assert asked(tick(stage_progress, world_at(braked))) == [("roll_back_release", RELEASE)]


def test_a_watch_that_passed_asks_for_completion(world_at, tick):
    world = world_at(watching)
    assert asked(tick(stage_progress, world)) == []
    world.prove()

    assert asked(tick(stage_progress, world)) == [("complete_release", RELEASE)]


def test_a_release_that_ended_asks_for_nothing(world_at, tick):
    world = world_at(braked)
    assert world.run("roll_back_release").is_success

    assert asked(tick(stage_progress, world)) == []


def test_a_release_that_ended_asks_for_nothing_even_if_the_store_forgot_it(world_at, tick):
    world = world_at(braked)
    assert world.run("roll_back_release").is_success
    (world.folder.path / "releases.sqlite").unlink()
    with world.copy(world.folder.path.with_name("reopened")) as reopened:
        assert asked(tick(stage_progress, reopened)) == []


def add_run(world, status):
    """A run of the first stage that the daemon took up."""
    run = dg.DagsterRun(
        job_name="enter_stage", status=status, tags={"dagster/partition": str(at_stage(0))}
    )
    world.instance.add_run(run)


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_a_run_under_way_is_not_asked_for_again(world_at, tick, status):
    world = world_at(promoted)
    add_run(world, status)

    assert asked(tick(stage_progress, world)) == []


def test_every_status_counts_as_under_way_but_those_of_ended_runs():
    ended = {
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
        dg.DagsterRunStatus.MANAGED,  # runs of another system, which we have none of
    }

    assert set(UNFINISHED) == set(dg.DagsterRunStatus) - ended


def test_a_run_that_died_is_asked_for_again_under_a_new_key(world_at, tick):
    world = world_at(promoted)
    first = tick(stage_progress, world)
    add_run(world, dg.DagsterRunStatus.FAILURE)
    second = tick(stage_progress, world)

    assert asked(first) == asked(second)
    assert first.run_requests[0].run_key != second.run_requests[0].run_key


def test_a_run_that_dies_again_and_again_is_left_to_a_person(world_at, tick):
    world = world_at(promoted)
    for _ in range(5):
        add_run(world, dg.DagsterRunStatus.FAILURE)

    assert asked(tick(stage_progress, world)) == []
    tick(stage_progress, world)
    notices = world.store.undelivered()
    pages = [n for n in notices if "needs enter_stage, which keeps failing" in n.headline]
    assert {n.channel for n in pages} == {
        "slack:#ai-platform-incidents",
        "pager:ai-feature-on-call",
    }
    assert len(pages) == 2
    assert "launch the job by hand" in pages[0].text


def proven(world_at):
    """A world whose newest look says that the first canary stage may advance."""
    world = world_at(ramping)
    assert ": advance, " in world.prove()
    return world


def test_a_look_that_is_too_old_asks_for_nothing_until_the_next_one(world_at, tick):
    world = proven(world_at)
    world.clock.wait(61)
    assert asked(tick(stage_progress, world)) == []
    world.look(5)

    assert asked(tick(stage_progress, world)) == [("conclude_stage", at_stage(0))]


def test_a_look_before_another_event_of_the_rollout_asks_for_nothing(world_at, tick):
    """Held by a person since: the decision to advance was about another version."""
    world = proven(world_at)
    now = world.clock.now()
    move(world.store, RELEASE, RolloutEvent.HELD, now=now, because="a person holds it")

    assert asked(tick(stage_progress, world)) == []


def test_a_look_that_was_not_noted_on_its_rollout_asks_for_nothing(world_at, tick, monkeypatch):
    """Killed between storing the look and noting it: the next look decides again."""
    world = world_at(ramping)
    world.prove()
    with monkeypatch.context() as killed:
        killed.setattr(type(world.store), "save_rollout", lambda *_: None)
        assert ": advance, " in world.look(5)[0]
    assert world.store.decision(RELEASE).act == "advance"
    assert asked(tick(stage_progress, world)) == []
    world.look(5)

    assert asked(tick(stage_progress, world)) == [("conclude_stage", at_stage(0))]


def test_the_sensor_judges_nothing_and_reads_no_router(world_at, tick, monkeypatch):
    world = proven(world_at)
    world.router.is_down = True
    monkeypatch.setattr("release_assets.domain.live.judge.judge", None)
    monkeypatch.setattr(type(world.store), "live_state", None)

    assert asked(tick(stage_progress, world)) == [("conclude_stage", at_stage(0))]


def test_a_freeze_that_begins_after_the_look_stops_the_rise(world_at, tick, monkeypatch):
    world = proven(world_at)
    assert world.run_stage("conclude_stage", 0).is_success
    assert asked(tick(stage_progress, world)) == [("enter_stage", at_stage(1))]
    freeze(world, monkeypatch)

    assert asked(tick(stage_progress, world)) == []


def test_a_freeze_window_keeps_no_stage_from_its_gate(world_at, tick, monkeypatch):
    """Neither when it begins after the look nor when the look saw it: concluding raises nothing."""
    world = proven(world_at)
    freeze(world, monkeypatch)
    assert asked(tick(stage_progress, world)) == [("conclude_stage", at_stage(0))]
    assert ": wait, frozen: " in world.look(5)[0]

    assert asked(tick(stage_progress, world)) == [("conclude_stage", at_stage(0))]


def test_in_a_freeze_window_nothing_is_asked_to_rise(world_at, tick, monkeypatch):
    world = world_at(promoted)
    freeze(world, monkeypatch)

    assert asked(tick(stage_progress, world)) == []


def test_in_a_freeze_window_a_braked_rollout_is_restored(world_at, tick, monkeypatch):
    world = world_at(braked)
    freeze(world, monkeypatch)

    assert asked(tick(stage_progress, world)) == [("roll_back_release", RELEASE)]
