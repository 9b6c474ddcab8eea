"""Watches main: requests staging for every merged change ("as good as main, at full length?")."""

import dagster as dg

from release_assets.domain.triggers import RUN_STAGING, new_merges
from release_assets.jobs import JOBS
from release_assets.ports import GitHost
from sensors.requesting import EVERY_TICK_S, read_cursor, result


@dg.sensor(
    job=JOBS[RUN_STAGING],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def merges(
    context: dg.SensorEvaluationContext, git_host: dg.ResourceParam[GitHost]
) -> dg.SensorResult:
    """Request staging for changes that landed on main."""
    requests, handled = new_merges(git_host.changes(), read_cursor(context))
    return result(requests, cursor=handled)
