"""The brake first, and inside the tick."""

import pytest

from release_assets.domain.live import judge
from release_assets.domain.live.state import LiveState
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import RolloutState
from resources.local.git.binary import Git
from sensors.live_slos import live_slos
from sensors.stage_progress import stage_progress
from tests.phases.world import RELEASE
from tests.phases.worlds import braked, promoted, ramping


def test_without_a_rollout_there_is_nothing_to_look_at(world_at, tick):
    result = tick(live_slos, world_at(promoted))

    assert result.skip_message == "no rollout is in progress"


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


def count(monkeypatch, owner, name, counts):
    """Count the calls of a function from here on."""
    proper = getattr(owner, name)

    def counted(*given, **named):
        counts[name] = counts.get(name, 0) + 1
        return proper(*given, **named)

    monkeypatch.setattr(owner, name, counted)


def test_a_warm_tick_reads_each_source_once_and_judges_once(world_at, tick, monkeypatch):
    """Both sensors together: what one of them decides, the other reads."""
    world = world_at(ramping)
    counts: dict[str, int] = {}
    world.look(5)
    tick(stage_progress, world)
    count(monkeypatch, judge, "judge", counts)
    count(monkeypatch, LiveState, "from_document", counts)
    count(monkeypatch, type(world.router), "read", counts)
    count(monkeypatch, type(world.metrics), "pairs", counts)
    count(monkeypatch, type(world.store), "live_state", counts)
    count(monkeypatch, Git, "attempt", counts)
    world.clock.wait(5)
    tick(live_slos, world)
    tick(stage_progress, world)

    assert counts.pop("attempt", 0) <= 1, "one git process asks where main is"
    assert counts == dict.fromkeys(["judge", "from_document", "read", "pairs", "live_state"], 1)


def test_a_look_is_stored_before_it_is_acted_upon(world_at, tick, monkeypatch):
    """Killed at the brake, the store has why it was to be pulled."""
    world = world_at(ramping)
    world.metrics.errors = 400
    world.clock.wait(5)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(type(world.router), "brake", killed)
        with pytest.raises(KeyboardInterrupt):
            tick(live_slos, world)

    assert world.store.decision(RELEASE).act == "brake"
    assert len(world.store.looks(RELEASE)) == 1
    tick(live_slos, world)
    assert world.router.traffic.candidate_pct == 0


def test_a_look_of_another_controller_in_between_is_neither_lost_nor_counted_twice(
    world_at, monkeypatch
):
    world = world_at(ramping)
    world.look(5)
    proper = type(world.store).live_state

    def after_another_look(store, release):
        monkeypatch.setattr(type(store), "live_state", proper)
        world.look(1)
        return proper(store, release)

    monkeypatch.setattr(type(world.store), "live_state", after_another_look)
    world.look(5)
    world.look(5)

    looks, (_, plan) = world.store.looks(RELEASE), planned(world)
    assert [(before.until, before.id + 1) for before in looks[:-1]] == [
        (after.since, after.id) for after in looks[1:]
    ]
    state = world.composition.watch.state(world.store.rollout(RELEASE), plan)
    assert state == judge.replay(plan, looks)


def planned(world):
    return world.composition.book.repository.planned(ReleaseKey.parse(RELEASE))


def test_a_look_that_fails_pages_and_promotes_nobody(world_at, tick, monkeypatch):
    """A crash is never a verdict: the rollout stays, and people are notified once."""
    world = world_at(ramping)

    def broken(*_):
        raise ZeroDivisionError("no bets left")

    monkeypatch.setattr("release_assets.domain.live.judge.look", broken)
    world.clock.wait(5)
    result = tick(live_slos, world)
    tick(live_slos, world)

    assert f"{RELEASE}: in doubt, the look failed: ZeroDivisionError" in result.skip_message
    assert world.store.rollout(RELEASE).state is RolloutState.RAMPING
    pages = [n for n in world.store.undelivered() if "cannot be judged" in n.headline]
    assert {n.channel for n in pages} == {
        "slack:#ai-platform-incidents",
        "pager:ai-feature-on-call",
    }
    assert len(pages) == 2
