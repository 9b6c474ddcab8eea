"""The merged unit runs in staging, and reports itself as this release.

The merge froze the manifest; from here on key and digest are one. What came to main past its gate
is not deployed (law 1).
"""

import dagster as dg

from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import Unit
from release_assets.domain.rollout.restoration import judge_parts
from release_assets.pipeline import DEPLOYMENT, PRE_MERGE, PRE_MERGE_GATE, STAGING
from release_assets.ports import Deployer, Environment
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder

_DEPLOYED = "every_part_is_deployed"


@evidence(DEPLOYMENT, PRE_MERGE_GATE, kinds=("python",))
def deployment(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    deployer: dg.ResourceParam[Deployer],
) -> dg.MaterializeResult[None]:
    """Deploy the unit to staging, and record what answers there."""
    release = recorder.release(context)
    recorder.book.of(release).require_passed(PRE_MERGE.verdicts)
    recorder.book.write(EntryKind.INTENT, {"act": "deploy", "environment": "staging"}, release)
    running = deployer.deploy(release, Environment.STAGING)
    observed = deployer.read_back(running.address)
    summary = {"workload": running.workload, "observed": observed.document()}
    return recorder.evidence(context, release, summary=summary, inputs={"commit": release.commit})


@claim(STAGING)
def staging_runs_this_release(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Every part that answers in staging is this release's."""
    return recorder.judge(
        context,
        lambda release, found: [
            judge_parts(release.unit, Unit(**found.body["summary"]["observed"]), rule=_DEPLOYED)
        ],
    )
