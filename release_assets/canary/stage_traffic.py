"""Raising traffic to a canary stage: the only place where exposure goes up.

Through a run, after the stage before was proven, re-checked right before the write, with intent
and observation in the ledger. Repeated after a crash it finds its own work done (law 9).
"""

from dataclasses import replace

import dagster as dg

from release_assets.canary.requirements import (
    require_its_turn,
    require_no_freeze,
    require_on_plan,
    require_proven,
)
from release_assets.control.rollouts import move
from release_assets.domain.errors import RefusedError
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.release import Release
from release_assets.domain.rollout.machine import begin, event_of_entering
from release_assets.domain.rollout.plan import RolloutPlan
from release_assets.partitions import CANARY_STAGES, stage_key
from release_assets.pipeline import ROLLOUT, STAGE_TRAFFIC
from release_assets.ports import Clock, Deployer, Environment, ReleaseStore, Traffic, TrafficRouter
from release_assets.records.book import Book
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder


@evidence(STAGE_TRAFFIC, ROLLOUT, partitions_def=CANARY_STAGES, pool="production")
def stage_traffic(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    traffic_router: dg.ResourceParam[TrafficRouter],
    deployer: dg.ResourceParam[Deployer],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Raise traffic to this canary stage, and record the share at the router."""
    release = recorder.release(context)
    plan = recorder.repository.plan(release.key.feature, release.commit)
    stage = _stage_of(context, plan)
    before = release_store.rollout(str(release.key))
    book, reading = recorder.book, recorder.book.of(release)
    with book.refusals_recorded(release, "raise_traffic"):
        require_no_freeze(book, clock.now())
        require_proven(reading, plan, stage)
        require_on_plan(book, release.key)
        require_its_turn(release.key, before, stage)
    pct = plan.stages[stage].traffic_pct
    book.write(EntryKind.INTENT, {"act": "raise_traffic", "traffic_pct": pct}, release)
    traffic = _raise(traffic_router, deployer, release, pct)
    if before is None or before.stage < stage:
        _enter(book, release_store, release, plan, stage, clock)
        event = {
            "event": RolloutEvent.STAGE_ENTERED,
            "stage": stage_key(stage, pct),
            "traffic_pct": pct,
        }
        book.write(EntryKind.ROLLOUT, event, release)
    book.write(
        EntryKind.OBSERVATION, {"act": "raise_traffic", "traffic": traffic.document()}, release
    )
    return recorder.evidence(
        context, release, summary=traffic.document(), inputs={"plan": plan.digest}
    )


def _stage_of(context: dg.AssetExecutionContext, plan: RolloutPlan) -> int:
    wanted = context.partition_key.keys_by_dimension["stage"]
    keys = [stage_key(s.index, s.traffic_pct) for s in plan.stages]
    if wanted not in keys:
        raise RefusedError(f"the plan has no canary stage '{wanted}'; it has {', '.join(keys)}")
    return keys.index(wanted)


def _raise(router: TrafficRouter, deployer: Deployer, release: Release, pct: float) -> Traffic:
    found = router.read()
    address = deployer.deploy(release, Environment.PRODUCTION).address
    wanted = replace(
        found, candidate_digest=release.digest, candidate_address=address, candidate_pct=pct
    )
    return found if wanted == found else router.shift(found, wanted)


def _enter(
    book: Book,
    store: ReleaseStore,
    release: Release,
    plan: RolloutPlan,
    stage: int,
    clock: Clock,
) -> None:
    """Begin the rollout, or move it into this stage."""
    now, because = clock.now(), f"{plan.stages[stage].traffic_pct:g} % of traffic at the router"
    if stage:
        event = event_of_entering(plan, stage)
        move(store, str(release.key), event, now=now, because=because)
        return
    stable = book.stable(release.key.feature)
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
