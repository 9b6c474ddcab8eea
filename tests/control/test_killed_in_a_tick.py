"""A tick killed before any of its writes, and the tick again: the end is the same (law 9).

Just after a write is just before the next one; after the last there is nothing left to do.
"""

from dataclasses import replace

import pytest

from release_assets.domain.rollout.machine import RolloutState
from tests.phases.world import RELEASE

WRITES_OF_A_BRAKE = 12  # the look, the cut, the pointer, the rollout, six notices, two entries
WRITES_OF_A_HOLD = 5  # the look, the rollout, two notices, an entry


class Killed(BaseException):
    """As `kill -9`: nothing catches it."""


def count_writes(world, monkeypatch, *, killed_at=0):
    """Let the process die before one of its writes; returns the writes as they are tried."""
    writes = []

    def watched(owner, name):
        proper = getattr(owner, name)

        def write(*given, **named):
            writes.append(name)
            if len(writes) == killed_at:
                raise Killed
            return proper(*given, **named)

        monkeypatch.setattr(owner, name, write)

    for name in ("add_look", "save_rollout", "enqueue"):
        watched(world.store, name)
    watched(world.ledger, "append")
    watched(world.router, "brake")
    watched(world.ports.prompt_registry, "move")
    return writes


def tick_again_and_again(world, monkeypatch, killed_at):
    with monkeypatch.context() as mortal:
        count_writes(world, mortal, killed_at=killed_at)
        with pytest.raises(Killed):
            world.look(5)
    world.look(5)
    world.look(5)


def break_an_slo(world):
    world.metrics.errors = 400


def take_traffic_away(world):
    world.router.traffic = replace(world.router.traffic, candidate_pct=0.5)


@pytest.mark.parametrize("killed_at", range(1, WRITES_OF_A_BRAKE + 1))
def test_a_brake_killed_anywhere_is_one_brake(ramping_world, monkeypatch, killed_at):
    world = ramping_world
    break_an_slo(world)
    tick_again_and_again(world, monkeypatch, killed_at)

    assert world.store.rollout(RELEASE).state is RolloutState.BRAKED
    assert (world.router.traffic.candidate_pct, world.pointers.candidate) == (0, None)
    assert world.events().count("breached") == 1
    assert len(world.store.undelivered()) == 6


@pytest.mark.parametrize("killed_at", range(1, WRITES_OF_A_HOLD + 1))
def test_a_hold_killed_anywhere_is_one_hold(ramping_world, monkeypatch, killed_at):
    world = ramping_world
    take_traffic_away(world)
    tick_again_and_again(world, monkeypatch, killed_at)

    assert world.store.rollout(RELEASE).state is RolloutState.HELD
    assert world.router.traffic.candidate_pct == 0.5
    assert world.events().count("held") == 1
    assert len(world.store.undelivered()) == 2


@pytest.mark.parametrize(
    ("cause", "expected"),
    [(break_an_slo, WRITES_OF_A_BRAKE), (take_traffic_away, WRITES_OF_A_HOLD)],
)
def test_no_write_is_left_out_above(ramping_world, monkeypatch, cause, expected):
    cause(ramping_world)
    writes = count_writes(ramping_world, monkeypatch)
    ramping_world.look(5)

    assert len(writes) == expected
