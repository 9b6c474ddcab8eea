"""Promotion: a signed-off release is deployed to production, with no traffic, and put on its plan.

Re-reads every verdict right before the write (law 1) and refuses while another release of the
feature ramps. Raising traffic is the business of `stage_traffic`.
"""

import dagster as dg

from release_assets.domain.errors import RefusedError
from release_assets.domain.finding import Outcome
from release_assets.domain.release import Release
from release_assets.domain.rollout.restoration import judge_parts
from release_assets.pipeline import BEFORE_PROMOTION
from release_assets.ports import Clock, Deployer, Environment, PromptPointers, PromptRegistry
from release_assets.records.declare import evidence
from release_assets.records.freezing import require_no_freeze
from release_assets.records.recorder import ENDS, Records


@evidence("canary", "sign_off/gate", pool="production")
def rollout(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    deployer: dg.ResourceParam[Deployer],
    prompt_registry: dg.ResourceParam[PromptRegistry],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult:
    """The candidate unit that runs in production, ready for its first canary stage."""
    release = records.release(context)
    with records.refusals_recorded(release, "promote"):
        records.require_passed(release, BEFORE_PROMOTION)
        require_no_freeze(records, clock.now())
        _require_a_free_road(records, release)
    records.write("intent", {"act": "deploy", "environment": "production"}, release)
    running = deployer.deploy(release, Environment.PRODUCTION)
    observed = deployer.read_back(running.address)
    deployed = judge_parts(release.unit, observed, rule="every_part_is_deployed")
    if deployed.outcome is not Outcome.PASSED:
        raise RefusedError(deployed.because, [deployed])
    _point_at(prompt_registry, release.unit.prompts)
    plan = records.repository.plan(release.key.feature, release.commit)
    people = {
        "authored_by": records.people(release, "authored_by"),
        "reviewed_by": records.people(release, "reviewed_by"),
        "signed_by": list(records.signatories(release)),
        "executed_by": f"dagster run {context.run.run_id}",
    }
    promoted = {"event": "promoted", "traffic_pct": 0, "people": people, "plan": plan.digest}
    records.write("rollout", promoted, release)
    return records.evidence(
        context,
        release,
        summary={"unit": observed.document(), "plan": plan.document(), **people},
        inputs={"plan": plan.digest},
    )


def _require_a_free_road(records: Records, release: Release) -> None:
    """One at a time, and each release once: what was rolled back comes again as a new change."""
    ended = [e for end in ENDS for e in records.written(release, "rollout", event=end)]
    if ended:
        raise RefusedError(f"{release.key} was {ended[-1].body['event']} before; open a new change")
    others = [r for r in records.on_the_road() if r != str(release.key)]
    if others:
        raise RefusedError(f"{release.key} waits: {others[0]} is still on its rollout plan")


def _point_at(registry: PromptRegistry, prompt_set: str) -> None:
    """The candidate pointer moves in the same act as the deploy (DESIGN section 8)."""
    found = registry.pointers(Environment.PRODUCTION)
    to = PromptPointers(stable=found.stable, candidate=prompt_set)
    registry.move(Environment.PRODUCTION, found, to)
