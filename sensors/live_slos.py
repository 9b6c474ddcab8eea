"""Watches live traffic: one look at each rollout, the brake first.

On a breach the brake is pulled inside this tick, before any run starts (law 3). What a look decided
is stored with it; `stage_progress` requests by that.
"""

import dagster as dg

from release_assets.control.tick import RolloutTick
from release_assets.ports import ReleaseStore
from sensors.requesting import EVERY_TICK_S


@dg.sensor(
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=[],
)
def live_slos(
    rollout_tick: dg.ResourceParam[RolloutTick], release_store: dg.ResourceParam[ReleaseStore]
) -> dg.SkipReason:
    """Look at every rollout; cut what breaches."""
    decided = [rollout_tick.run_or_page(rollout) for rollout in release_store.active_rollouts()]
    return dg.SkipReason("; ".join(decided) or "no rollout is in progress")
