"""After the brake: every part is back, as router, registry and the unit itself report.

Asks `/release` at the address that users call, and only then takes the candidate unit down (law
4). Launched by a person on a release that nothing braked, it pulls the brake itself.
"""

import dagster as dg

from release_assets.control.brake import Brake
from release_assets.domain.errors import RefusedError
from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import Release, Unit
from release_assets.domain.rollout.machine import RolloutState
from release_assets.domain.rollout.restoration import judge_restoration
from release_assets.pipeline import RESTORATION, ROLLBACK, ROLLOUT
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
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder

BECAUSE_TAG = "countersign/because"
PROBES = 20  # questions to the address that users call; each must be answered by the stable unit


@evidence(RESTORATION, ROLLOUT, pool="production")
def restoration(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    traffic_router: dg.ResourceParam[TrafficRouter],
    prompt_registry: dg.ResourceParam[PromptRegistry],
    deployer: dg.ResourceParam[Deployer],
    release_store: dg.ResourceParam[ReleaseStore],
    brake: dg.ResourceParam[Brake],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Take the candidate down, and record what answers in production, part by part."""
    release = recorder.release(context)
    _require_a_way_back(traffic_router, release)
    rollout = release_store.rollout(str(release.key))
    if rollout is not None and not rollout.is_over and rollout.state is not RolloutState.BRAKED:
        because = context.run.tags.get(BECAUSE_TAG, "a person launched the rollback")
        brake.pull(rollout, release, because, clock.now())
    recorder.book.write(EntryKind.INTENT, {"act": "restore"}, release)
    traffic_router.brake(release.digest)
    pointers = prompt_registry.pointers(Environment.PRODUCTION)
    prompt_registry.move(Environment.PRODUCTION, pointers, pointers.without_candidate())
    traffic, pointers = traffic_router.read(), prompt_registry.pointers(Environment.PRODUCTION)
    answered = [deployer.read_back(traffic_router.front()) for _ in range(PROBES)]
    strangers = [u for u in answered if u.digest != traffic.stable_digest]
    observed = strangers[0] if strangers else answered[0]
    deployer.retire(release.digest, Environment.PRODUCTION)
    summary = {
        "expected": recorder.book.stable_unit(release.key.feature).document(),
        "observed": observed.document(),
        "probes": PROBES,
        "traffic": traffic.document(),
        "pointers": pointers.document(),
    }
    recorder.book.write(EntryKind.OBSERVATION, {"act": "restore", **summary}, release)
    return recorder.evidence(context, release, summary=summary, inputs={"unit": release.digest})


def _require_a_way_back(router: TrafficRouter, release: Release) -> None:
    """Raise `RefusedError` for the stable release: no older unit is kept running behind it."""
    if router.read().stable_digest == release.digest:
        raise RefusedError(f"{release.key} is the stable release; release the older state anew")


@claim(ROLLBACK)
def everything_is_back(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Traffic, prompt pointer and every part of the unit are the stable release's again."""
    return recorder.judge(context, _findings)


def _findings(_: Release, found: Entry) -> tuple[Finding, ...]:
    seen = found.body["summary"]
    return judge_restoration(
        Unit(**seen["expected"]),
        Unit(**seen["observed"]),
        Traffic.read(seen["traffic"]),
        PromptPointers(**seen["pointers"]),
    )
