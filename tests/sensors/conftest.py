"""A world at any station, and one tick of a sensor as the daemon would have it."""

import dagster as dg
import pytest

from tests.phases.worlds import world_at

__all__ = ["world_at"]


@pytest.fixture
def tick():
    """Evaluate a sensor over a world: its requests, its cursor, and the partitions it adds."""

    def evaluate(sensor, world, cursor=None):
        wanted = sensor.required_resource_keys
        resources = {name: _resource(world, name) for name in wanted}
        with dg.build_sensor_context(
            instance=world.instance, cursor=cursor, resources=resources
        ) as context:
            return sensor(context)

    return evaluate


def _resource(world, name):
    composed = world.composition
    return getattr(composed.ports, name, None) or getattr(composed, name)
