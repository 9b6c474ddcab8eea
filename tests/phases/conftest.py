"""A fixture for each station of a good release; `world` holds a stable unit and no change."""

import pytest

from tests.phases import worlds
from tests.phases.worlds import world_at

__all__ = ["world_at"]


def _at(station):
    @pytest.fixture(name="world" if station is worlds.adopted else f"{station.__name__}_world")
    def found(world_at):
        return world_at(station)

    return found


adopted, merged, staged, promoted, ramping, braked, watching = map(_at, worlds.STATIONS)
