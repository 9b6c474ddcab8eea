"""The composition root: phases, jobs and sensors over the ports of one world; imported by nobody.

The world is opened when a run or a tick asks for a resource, not when this file is loaded, so that
the pipeline can be looked at without one (`dg check defs`).
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

import dagster as dg

from release_assets.canary import completion, live_scores, rollout, stage_outcomes, stage_traffic
from release_assets.composition import Composition, compose
from release_assets.jobs import JOBS
from release_assets.ports import Ports
from release_assets.pre_merge import (
    change,
    code_health,
    eval_smoke,
    policy_lint,
    prompt_registry,
    security_scan,
)
from release_assets.pre_merge import gate as pre_merge_gate
from release_assets.rollback import failure_report, incident, restoration
from release_assets.sign_off import change_record, sign_offs
from release_assets.sign_off import gate as sign_off_gate
from release_assets.staging import (
    adversarial_suite,
    contracts,
    cost_latency,
    deployment,
    eval_suite,
    fairness_slices,
)
from release_assets.staging import gate as staging_gate
from resources.wiring import config_path, load_world
from sensors.failed_phases import failed_phases
from sensors.live_slos import live_slos
from sensors.merges import merges
from sensors.outbox import outbox
from sensors.pull_requests import pull_requests
from sensors.sign_offs import sign_offs as sign_offs_sensor
from sensors.stage_progress import stage_progress

if TYPE_CHECKING:
    from collections.abc import Callable

PHASE_MODULES = (
    change,
    code_health,
    eval_smoke,
    policy_lint,
    prompt_registry,
    security_scan,
    pre_merge_gate,
    deployment,
    eval_suite,
    adversarial_suite,
    fairness_slices,
    cost_latency,
    contracts,
    staging_gate,
    change_record,
    sign_offs,
    sign_off_gate,
    rollout,
    stage_traffic,
    live_scores,
    stage_outcomes,
    completion,
    restoration,
    incident,
    failure_report,
)
SENSORS = (
    pull_requests,
    merges,
    sign_offs_sensor,
    live_slos,
    stage_progress,
    failed_phases,
    outbox,
)
COMPOSED = ("book", "recorder", "suite_runner", "benchmark_runner", "brake", "rollout_tick")


@cache
def world() -> Composition:
    """Return the world of this process."""
    return compose(load_world(config_path()))


def build_definitions(open_world: Callable[[], Composition]) -> dg.Definitions:
    """Return the pipeline over a world; tests give theirs."""
    ports = {
        f.name: _late(f"ports.{f.name}", open_world) for f in fields(Ports) if f.name != "settings"
    }
    composed = {name: _late(name, open_world) for name in COMPOSED}
    return dg.Definitions(
        assets=dg.load_assets_from_modules(PHASE_MODULES),
        asset_checks=dg.load_asset_checks_from_modules(PHASE_MODULES),
        jobs=list(JOBS.values()),
        sensors=list(SENSORS),
        resources=ports | composed,
        executor=dg.in_process_executor,
    )


def _late(path: str, open_world: Callable[[], Composition]) -> dg.ResourceDefinition:
    """Return the resource at a path of the composition, which is opened when it is asked for."""
    pick = attrgetter(path)
    return dg.ResourceDefinition(resource_fn=lambda _: pick(open_world()))


defs = build_definitions(world)
