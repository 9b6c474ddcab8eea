"""Watches live traffic: one look at each rollout, the brake first.

On a breach the brake is pulled inside this tick, before any run starts (law 3). A judge that
raises is inconclusive and pages; nobody is promoted by it.
"""

from __future__ import annotations

import dagster as dg

from release_assets.braking import Brake
from release_assets.controlling import Controller
from release_assets.ports import (
    Clock,
    LiveMetrics,
    PromptRegistry,
    ReleaseStore,
    TrafficRouter,
)
from release_assets.records import Records
from release_assets.watching import Watch
from sensors.requesting import EVERY_TICK_S


@dg.sensor(
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=[],
)
def live_slos(
    records: dg.ResourceParam[Records],
    live_metrics: dg.ResourceParam[LiveMetrics],
    traffic_router: dg.ResourceParam[TrafficRouter],
    prompt_registry: dg.ResourceParam[PromptRegistry],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.SkipReason:
    """Look at every rollout; cut what breaches."""
    watch = Watch(
        live_metrics=live_metrics, traffic_router=traffic_router, release_store=release_store
    )
    brake = Brake(
        records=records,
        traffic_router=traffic_router,
        prompt_registry=prompt_registry,
        release_store=release_store,
    )
    controller = Controller(records=records, watch=watch, brake=brake, clock=clock)
    said = [controller.tick(rollout) for rollout in release_store.active_rollouts()]
    return dg.SkipReason("; ".join(said) or "no rollout is on its way")
