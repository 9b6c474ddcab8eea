"""May this change merge? The gate posts its answer where the merge button is."""

import dagster as dg

from release_assets.pipeline import PRE_MERGE, PRE_MERGE_GATE
from release_assets.ports import GitHost
from release_assets.records.declare import evidence
from release_assets.records.gate import gate_materialisation, pass_gate
from release_assets.records.recorder import Recorder


@evidence(PRE_MERGE_GATE, *(claim.evidence for claim in PRE_MERGE.claims))
def gate(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    git_host: dg.ResourceParam[GitHost],
) -> dg.MaterializeResult[None]:
    """Post the commit status that lets the change merge."""
    release = recorder.release(context)
    verdict, entry = pass_gate(recorder, release, PRE_MERGE, context.run.run_id)
    git_host.post_status(release.commit, "pre-merge", verdict)
    return gate_materialisation(context, release, verdict, entry)
