"""The run that a rollout needs next is asked for, once while it is under way."""

import dagster as dg
import pytest

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
    told = [n for n in notices if "needs enter_stage, which keeps failing" in n.headline]
    assert {n.channel for n in told} == {"slack:#ai-platform-incidents", "pager:ai-feature-on-call"}
    assert len(told) == 2
    assert "launch the job by hand" in told[0].text


def test_in_a_freeze_window_nothing_is_asked_to_rise(world_at, tick, monkeypatch):
    world = world_at(promoted)
    freeze(world, monkeypatch)

    assert asked(tick(stage_progress, world)) == []


def test_in_a_freeze_window_a_braked_rollout_is_restored(world_at, tick, monkeypatch):
    world = world_at(braked)
    freeze(world, monkeypatch)

    assert asked(tick(stage_progress, world)) == [("roll_back_release", RELEASE)]
