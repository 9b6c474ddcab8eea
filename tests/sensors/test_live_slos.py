"""The brake first, and inside the tick."""

from release_assets.domain.rollout.machine import RolloutState
from sensors.live_slos import live_slos
from tests.phases.world import RELEASE
from tests.phases.worlds import braked, promoted, ramping


def test_without_a_rollout_there_is_nothing_to_look_at(world_at, tick):
    result = tick(live_slos, world_at(promoted))

    assert result.skip_message == "no rollout is on its way"


def test_a_breach_is_braked_within_the_tick(world_at, tick):
    world = world_at(ramping)
    world.metrics.errors = 400
    world.clock.wait(5)
    result = tick(live_slos, world)

    assert f"{RELEASE}: brake, " in result.skip_message
    assert world.router.traffic.candidate_pct == 0
    assert world.pointers.candidate is None
    assert world.instance.get_runs_count() == 0, "no run was needed for it"


def test_a_harmless_look_moves_nothing(world_at, tick):
    world = world_at(ramping)
    world.clock.wait(5)
    result = tick(live_slos, world)

    assert f"{RELEASE}: wait, " in result.skip_message
    assert world.router.history == [1]
    assert world.store.rollout(RELEASE).last_look_at == world.clock.now()


def test_a_second_tick_does_not_repeat_what_was_done(world_at, tick):
    world = world_at(braked)
    before = world.events(), len(world.store.undelivered()), world.router.history
    result = tick(live_slos, world)

    assert result.skip_message == f"{RELEASE}: braked, the restoration is under way"
    assert (world.events(), len(world.store.undelivered()), world.router.history) == before


def test_a_tick_repeated_in_the_same_second_looks_at_no_call_twice(world_at, tick):
    world = world_at(ramping)
    world.clock.wait(5)
    tick(live_slos, world)
    tick(live_slos, world)

    looks = world.store.looks(RELEASE)
    assert [b.candidate.requests for b in looks] == [4000, 0]
    assert world.store.rollout(RELEASE).state is RolloutState.RAMPING


def test_automatic_actors_only_lower_traffic(world_at, tick):
    """However good the evidence, the tick raises nothing."""
    world = world_at(ramping)
    world.metrics.pairs_a_look = 1600
    for _ in range(4):
        world.clock.wait(10)
        result = tick(live_slos, world)

    assert ": advance, " in result.skip_message
    assert world.router.history == [1]
    assert world.store.rollout(RELEASE).stage == 0


def test_a_look_that_fails_pages_and_promotes_nobody(world_at, tick, monkeypatch):
    """A crash is never a verdict: the rollout stays, and people are told once."""
    world = world_at(ramping)

    def broken(*_):
        raise ZeroDivisionError("no bets left")

    monkeypatch.setattr("release_assets.domain.live.judge.look", broken)
    world.clock.wait(5)
    result = tick(live_slos, world)
    tick(live_slos, world)

    assert f"{RELEASE}: in doubt, the look failed: ZeroDivisionError" in result.skip_message
    assert world.store.rollout(RELEASE).state is RolloutState.RAMPING
    told = [n for n in world.store.undelivered() if "cannot be judged" in n.headline]
    assert {n.channel for n in told} == {
        "slack:#ai-platform-incidents",
        "pager:ai-feature-on-call",
    }
    assert len(told) == 2
