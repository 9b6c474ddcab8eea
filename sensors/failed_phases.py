"""Watches failed runs of pre-merge and staging: requests the report of each, in its own run."""

import dagster as dg

from release_assets.domain.triggers import REPORT_FAILED_PHASE, RUN_PRE_MERGE, RUN_STAGING
from release_assets.jobs import JOBS, PHASE_TAG, RUN_TAG
from release_assets.pipeline import PRE_MERGE, STAGING
from sensors.requesting import EVERY_TICK_S

_PHASES = {RUN_PRE_MERGE: PRE_MERGE.name, RUN_STAGING: STAGING.name}


@dg.run_failure_sensor(
    monitored_jobs=[JOBS[name] for name in _PHASES],
    request_job=JOBS[REPORT_FAILED_PHASE],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_phases(context: dg.RunFailureSensorContext) -> dg.RunRequest:
    """Request the report about a phase that did not pass."""
    failed = context.dagster_run
    return dg.RunRequest(
        run_key=f"{REPORT_FAILED_PHASE}:{failed.run_id}",
        partition_key=failed.tags["dagster/partition"],
        tags={PHASE_TAG: _PHASES[failed.job_name], RUN_TAG: failed.run_id},
    )
