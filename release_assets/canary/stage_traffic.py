"""Raising traffic to a canary stage: the only place where exposure goes up.

Through a run, after the stage before was proven, re-checked right before the write, with intent
and observation in the ledger. Repeated after a crash it finds its own work done (law 9).
"""

from dataclasses import replace

import dagster as dg

from release_assets.control.brake import traffic_document
from release_assets.control.rollouts import move
from release_assets.domain.errors import RefusedError
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.release import Release
from release_assets.domain.rollout.machine import Rollout, begin
from release_assets.domain.rollout.plan import RolloutPlan
from release_assets.partitions import CANARY_STAGES, stage_key
from release_assets.pipeline import BEFORE_PROMOTION
from release_assets.ports import Clock, Deployer, Environment, ReleaseStore, Traffic, TrafficRouter
from release_assets.records.declare import evidence
from release_assets.records.freezing import require_no_freeze
from release_assets.records.recorder import Records


@evidence("canary", "canary/rollout", partitions_def=CANARY_STAGES, pool="production")
def stage_traffic(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    traffic_router: dg.ResourceParam[TrafficRouter],
    deployer: dg.ResourceParam[Deployer],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult:
    """The traffic share that this canary stage has at the router."""
    release = records.release(context)
    plan = records.repository.plan(release.key.feature, release.commit)
    stage = _stage_of(context, plan)
    before = release_store.rollout(str(release.key))
    with records.refusals_recorded(release, "raise_traffic"):
        require_no_freeze(records, clock.now())
        _require_its_turn(records, release, plan, before, stage)
    pct = plan.stages[stage].traffic_pct
    records.write("intent", {"act": "raise_traffic", "traffic_pct": pct}, release)
    traffic = _raise(traffic_router, deployer, release, pct)
    if before is None or before.stage < stage:
        _enter(records, release_store, release, plan, stage, clock)
        event = {"event": "stage_entered", "stage": stage_key(stage, pct), "traffic_pct": pct}
        records.write("rollout", event, release)
    records.write("observation", _seen(traffic), release)
    return records.evidence(
        context, release, summary=traffic_document(traffic), inputs={"plan": plan.digest}
    )


def _stage_of(context: dg.AssetExecutionContext, plan: RolloutPlan) -> int:
    wanted = context.partition_key.keys_by_dimension["stage"]
    keys = [stage_key(s.index, s.traffic_pct) for s in plan.stages]
    if wanted not in keys:
        raise RefusedError(f"the plan has no canary stage '{wanted}'; it has {', '.join(keys)}")
    return keys.index(wanted)


def _require_its_turn(
    records: Records, release: Release, plan: RolloutPlan, before: Rollout | None, stage: int
) -> None:
    """Fails closed: everything before promotion, the stage before, and a rollout that ramps."""
    gates = list(BEFORE_PROMOTION)
    if stage:
        earlier = plan.stages[stage - 1]
        gates.append(f"canary/live_quality_holds@{stage_key(stage - 1, earlier.traffic_pct)}")
    records.require_passed(release, gates)
    _require_the_road(records, release)
    at = (before.stage, str(before.state)) if before else (-1, "promoted")
    if at not in {(stage - 1, "promoted"), (stage - 1, "ramping"), *_already(stage)}:
        raise RefusedError(f"stage {stage + 1} waits: {release.key} is {at[1]} at {at[0] + 1}")


def _require_the_road(records: Records, release: Release) -> None:
    """Promoted, by the ledger, and not over; the promotion saw to it that no other one is."""
    if str(release.key) not in records.on_the_road():
        raise RefusedError(f"{release.key} is not on its rollout plan; promote it first")


def _already(stage: int) -> set[tuple[int, str]]:
    return {(stage, "ramping"), (stage, "watching")}


def _raise(router: TrafficRouter, deployer: Deployer, release: Release, pct: float) -> Traffic:
    found = router.read()
    address = deployer.deploy(release, Environment.PRODUCTION).address
    wanted = replace(
        found, candidate_digest=release.digest, candidate_address=address, candidate_pct=pct
    )
    return found if wanted == found else router.shift(found, wanted)


def _seen(traffic: Traffic) -> dict[str, object]:
    return {"act": "raise_traffic", "traffic": traffic_document(traffic)}


def _enter(
    records: Records,
    store: ReleaseStore,
    release: Release,
    plan: RolloutPlan,
    stage: int,
    clock: Clock,
) -> None:
    """Begin the rollout, or move it into this stage."""
    now, because = clock.now(), f"{plan.stages[stage].traffic_pct:g} % of traffic at the router"
    if stage:
        is_last = stage == len(plan.stages) - 1
        event = RolloutEvent.FULL_TRAFFIC_REACHED if is_last else RolloutEvent.STAGE_ENTERED
        move(store, str(release.key), event, now=now, because=because)
        return
    stable = records.stable(release.key.feature)
    begun = begin(
        release=str(release.key),
        release_digest=release.digest,
        stable_release=str(stable.release),
        stable_digest=str(stable.release_digest),
        plan=plan,
        now=now,
        because=because,
    )
    store.save_rollout(begun)
