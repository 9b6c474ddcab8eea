"""A failed phase asks for its report, with the run that failed."""

import dagster as dg
import pytest

from sensors.failed_phases import failed_phases
from tests.phases.world import RELEASE


def failed(job, instance):
    run = dg.DagsterRun(job_name=job, tags={"dagster/partition": RELEASE})
    event = dg.DagsterEvent(event_type_value="PIPELINE_FAILURE", job_name=job)
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_phases", dagster_instance=instance, dagster_run=run, dagster_event=event
    )
    return run, failed_phases(context.for_run_failure())


@pytest.mark.parametrize(
    ("job", "phase"), [("run_pre_merge", "pre_merge"), ("run_staging", "staging")]
)
def test_a_failed_phase_asks_for_its_report(job, phase):
    with dg.DagsterInstance.ephemeral() as instance:
        run, request = failed(job, instance)

    assert request.partition_key == RELEASE
    assert request.tags["countersign/failed_phase"] == phase
    assert request.tags["countersign/failed_run"] == run.run_id


def test_each_failed_run_is_reported_once():
    with dg.DagsterInstance.ephemeral() as instance:
        run, first = failed("run_staging", instance)
        _, other = failed("run_staging", instance)

    assert first.run_key == f"report_failed_phase:{run.run_id}"
    assert other.run_key != first.run_key
