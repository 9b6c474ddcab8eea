"""Promotion: a signed-off release is deployed to production, with no traffic, and put on its plan.

Re-reads every verdict right before the write (law 1), and refuses while another rollout is active.
Raising traffic is the business of `stage_traffic`.
"""

import dagster as dg

from release_assets.canary.requirements import require_free_plan, require_no_freeze
from release_assets.domain.errors import RefusedError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.rollout.restoration import judge_parts
from release_assets.pipeline import BEFORE_PROMOTION, ROLLOUT, SIGN_OFF_GATE
from release_assets.ports import Clock, Deployer, Environment, PromptPointers, PromptRegistry
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder


@evidence(ROLLOUT, SIGN_OFF_GATE, pool="production")
def rollout(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    deployer: dg.ResourceParam[Deployer],
    prompt_registry: dg.ResourceParam[PromptRegistry],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Deploy the candidate unit to production, without traffic, and put it on its rollout plan."""
    release = recorder.release(context)
    book, reading = recorder.book, recorder.book.of(release)
    with book.refusals_recorded(release, "promote"):
        reading.require_passed(BEFORE_PROMOTION)
        require_no_freeze(book, clock.now())
        require_free_plan(book, reading)
    book.write(EntryKind.INTENT, {"act": "deploy", "environment": "production"}, release)
    running = deployer.deploy(release, Environment.PRODUCTION)
    observed = deployer.read_back(running.address)
    deployed = judge_parts(release.unit, observed, rule="every_part_is_deployed")
    if deployed.outcome is not Outcome.PASSED:
        raise RefusedError(deployed.because, [deployed])
    _point_at(prompt_registry, release.unit.prompts)
    plan = recorder.repository.plan(release.key.feature, release.commit)
    people = {
        "authored_by": reading.people("authored_by"),
        "reviewed_by": reading.people("reviewed_by"),
        "signed_by": list(reading.signatories),
        "executed_by": f"dagster run {context.run.run_id}",
    }
    promoted = {
        "event": RolloutEvent.PROMOTED,
        "traffic_pct": 0,
        "people": people,
        "plan": plan.digest,
    }
    book.write(EntryKind.ROLLOUT, promoted, release)
    return recorder.evidence(
        context,
        release,
        summary={"unit": observed.document(), "plan": plan.document(), **people},
        inputs={"plan": plan.digest},
    )


def _point_at(registry: PromptRegistry, prompt_set: str) -> None:
    """Move the candidate pointer in the same act as the deploy (law 4)."""
    found = registry.pointers(Environment.PRODUCTION)
    to = PromptPointers(stable=found.stable, candidate=prompt_set)
    registry.move(Environment.PRODUCTION, found, to)
