"""Watches changes: requests pre-merge for every new head of an open change ("may this merge?")."""

import dagster as dg

from release_assets.domain.triggers import RUN_PRE_MERGE, new_heads
from release_assets.jobs import JOBS
from release_assets.ports import GitHost
from sensors.requesting import EVERY_TICK_S, read_cursor, result


@dg.sensor(
    job=JOBS[RUN_PRE_MERGE],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def pull_requests(
    context: dg.SensorEvaluationContext, git_host: dg.ResourceParam[GitHost]
) -> dg.SensorResult:
    """Request pre-merge for new heads of open changes."""
    requests, handled = new_heads(git_host.changes(), read_cursor(context))
    return result(requests, cursor=handled)
