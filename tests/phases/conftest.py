"""A fixture for each station of a good release: `world` is the one with nothing but a stable unit."""

import pytest

from tests.phases import worlds
from tests.phases.worlds import world_at

__all__ = ["world_at"]


def _at(station):
    @pytest.fixture(name="world" if station is worlds.adopted else f"{station.__name__}_world")
    def found(world_at):
        return world_at(station)

    return found


adopted, merged, staged, promoted, ramping, braked = map(_at, worlds.STATIONS)
