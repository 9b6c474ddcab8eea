"""Worlds at the stations of one good release, each built once from the one before, then copied."""

from functools import cache

import pytest

from tests.phases.world import World


@cache
def adopted(root):
    """A stable unit in production, and no change."""
    return World.anew(root / "adopted")


@cache
def merged(root):
    """The good change passed pre-merge and landed on main."""
    with adopted(root).copy(root / "merged") as world:
        world.open()
        world.review()
        assert world.run("run_pre_merge").is_success
        world.merge()
    return world


@cache
def staged(root):
    """Staging passed."""
    with merged(root).copy(root / "staged") as world:
        assert world.run("run_staging").is_success
    return world


@cache
def promoted(root):
    """Signed off by the release manager, and on its plan without traffic."""
    with staged(root).copy(root / "promoted") as world:
        assert world.sign().is_passed
        assert world.run("promote_release").is_success
    return world


@cache
def ramping(root):
    """In its first canary stage."""
    with promoted(root).copy(root / "ramping") as world:
        assert world.run_stage("enter_stage", 0).is_success
    return world


@cache
def braked(root):
    """Its errors broke an SLO, and the brake was pulled."""
    with ramping(root).copy(root / "braked") as world:
        world.metrics.errors = 400
        world.look()
    return world


STATIONS = (adopted, merged, staged, promoted, ramping, braked)


@pytest.fixture
def world_at(tmp_path_factory, tmp_path):
    """Opens a copy of the world at a station, and ends it with the test."""
    opened = []

    def open_copy(station):
        root = tmp_path_factory.getbasetemp() / "worlds"
        root.mkdir(exist_ok=True)
        world = station(root).copy(tmp_path / "world")
        opened.append(world)
        return world.__enter__()

    yield open_copy
    for world in opened:
        world.__exit__()
