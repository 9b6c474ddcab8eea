"""Plays the daemon: evaluates every sensor, and executes the runs that they ask for, in process.

As the engine does it: a cursor per sensor, a run key asks once, partitions are added before the
run, and a failed run reaches the sensor of failures. Decides nothing and knows no story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg

from release_assets.definitions import SENSORS, build_definitions
from sensors.failed_phases import failed_phases

if TYPE_CHECKING:
    from release_assets.composition import Composition

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
WATCHED = ("run_pre_merge", "run_staging")


@dataclass
class Driver:
    """One daemon over one world; `runs` tells what was executed, in order, and how it ended."""

    world: Composition
    instance: dg.DagsterInstance
    runs: list[tuple[str, str, bool]] = field(default_factory=list)
    _cursors: dict[str, str | None] = field(default_factory=dict)
    _asked: set[tuple[str, str | None]] = field(default_factory=set)

    def __post_init__(self):
        self._defs = build_definitions(lambda: self.world)
        self._jobs = {}

    def tick(self):
        """Every sensor once, the brake before all others."""
        first = [s for s in SENSORS if s.name == "live_slos"]
        for sensor in (*first, *(s for s in SENSORS if s not in (*first, failed_phases))):
            self._evaluate(sensor)

    def _evaluate(self, sensor):
        resources = {name: self._resource(name) for name in sensor.required_resource_keys}
        with dg.build_sensor_context(
            instance=self.instance, cursor=self._cursors.get(sensor.name), resources=resources
        ) as context:
            answer = sensor(context)
        if not isinstance(answer, dg.SensorResult):
            return
        self._cursors[sensor.name] = answer.cursor or self._cursors.get(sensor.name)
        for added in answer.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(added.partitions_def_name, added.partition_keys)
        for request in answer.run_requests or ():
            if (sensor.name, request.run_key) not in self._asked:
                self._asked.add((sensor.name, request.run_key))
                self._execute(request.job_name, request.partition_key, request.tags)

    def _resource(self, name):
        ports = self.world.ports
        return getattr(ports, name) if hasattr(ports, name) else getattr(self.world, name)

    def _execute(self, name, partition, tags):
        if name not in self._jobs:
            self._jobs[name] = self._defs.resolve_job_def(name)
        done = self._jobs[name].execute_in_process(
            instance=self.instance,
            partition_key=partition,
            raise_on_error=False,
            tags=dict(tags),
            run_config=QUIET,
        )
        self.runs.append((name, str(partition), done.success))
        if not done.success and name in WATCHED:
            self._report(done)

    def _report(self, done):
        """What the engine's own failure sensor does with a failed run."""
        context = dg.build_run_status_sensor_context(
            sensor_name=failed_phases.name,
            dagster_instance=self.instance,
            dagster_run=done.dagster_run,
            dagster_event=dg.DagsterEvent(
                event_type_value="PIPELINE_FAILURE", job_name=done.dagster_run.job_name
            ),
        )
        request = failed_phases(context.for_run_failure())
        assert isinstance(request, dg.RunRequest)
        self._execute("report_failed_phase", request.partition_key, request.tags)
