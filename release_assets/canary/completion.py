"""Completion: after the watch at 100 %, the release is the stable one.

The router, the prompt pointer and the ledger move together; only then the old unit is retired
(law 4; progressive delivery: watch after 100 % with the old unit warm).
"""

import dagster as dg

from release_assets.control.rollouts import move
from release_assets.domain.errors import RefusedError
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.release import Release
from release_assets.domain.rollout.machine import Rollout, RolloutState
from release_assets.partitions import stage_key
from release_assets.pipeline import CANARY, COMPLETION, STAGE_OUTCOMES, of_stage
from release_assets.ports import (
    Clock,
    Deployer,
    Environment,
    PromptPointers,
    PromptRegistry,
    ReleaseStore,
    Traffic,
    TrafficRouter,
)
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder


@evidence(COMPLETION, STAGE_OUTCOMES, pool="production")
def completion(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    traffic_router: dg.ResourceParam[TrafficRouter],
    prompt_registry: dg.ResourceParam[PromptRegistry],
    deployer: dg.ResourceParam[Deployer],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Make this release the stable one, at the router, the prompt registry and in the ledger."""
    release = recorder.release(context)
    with recorder.book.refusals_recorded(release, "complete"):
        rollout = _require_watched(recorder, release, release_store.rollout(str(release.key)))
    recorder.book.write(EntryKind.INTENT, {"act": "complete"}, release)
    traffic = _make_stable(traffic_router, release)
    pointers = _point(prompt_registry, release)
    observed = {"act": "complete", "traffic": traffic.document(), "pointers": pointers.document()}
    recorder.book.write(EntryKind.OBSERVATION, observed, release)
    because = f"watched at 100 % for {rollout.healthy.total_seconds():.0f} s without a breach"
    if not recorder.book.of(release).written(EntryKind.ROLLOUT, event=RolloutEvent.COMPLETED):
        recorder.book.write(
            EntryKind.ROLLOUT, {"event": RolloutEvent.COMPLETED, "because": because}, release
        )
    if rollout.state is not RolloutState.COMPLETE:
        event = RolloutEvent.COMPLETED
        move(release_store, str(release.key), event, now=clock.now(), because=because)
    deployer.retire(rollout.stable_digest, Environment.PRODUCTION)
    return recorder.evidence(
        context, release, summary={"because": because, **observed}, inputs={"unit": release.digest}
    )


def _require_watched(recorder: Recorder, release: Release, rollout: Rollout | None) -> Rollout:
    """Return the rollout if it is watched at 100 % and its last monitored stage was proven."""
    if rollout is None or rollout.state not in {RolloutState.WATCHING, RolloutState.COMPLETE}:
        raise RefusedError(f"{release.key} is not being watched at 100 %; it cannot complete")
    plan = recorder.repository.plan(release.key.feature, release.commit)
    last = plan.last_monitored
    gate = of_stage(CANARY.gate, stage_key(last.index, last.traffic_pct))
    recorder.book.of(release).require_passed([gate])
    return rollout


def _make_stable(router: TrafficRouter, release: Release) -> Traffic:
    found = router.read()
    if found.stable_digest == release.digest:
        return found
    if found.candidate_digest != release.digest or found.candidate_address is None:
        raise RefusedError(f"the router does not have {release.key} as its candidate")
    wanted = Traffic(
        stable_digest=release.digest,
        stable_address=found.candidate_address,
        candidate_digest=None,
        candidate_address=None,
        candidate_pct=0.0,
        revision=found.revision,
    )
    return router.shift(found, wanted)


def _point(registry: PromptRegistry, release: Release) -> PromptPointers:
    found = registry.pointers(Environment.PRODUCTION)
    to = PromptPointers(stable=release.unit.prompts, candidate=None)
    registry.move(Environment.PRODUCTION, found, to)
    return to
