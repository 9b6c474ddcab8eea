"""The outcome of a canary stage: reached only past its blocking gate."""

import dagster as dg

from release_assets.partitions import CANARY_STAGES
from release_assets.records.declare import evidence
from release_assets.records.recorder import Records
from release_assets.records.show import stage_suffix


@evidence("canary", "canary/live_scores", partitions_def=CANARY_STAGES)
def stage_outcomes(
    context: dg.AssetExecutionContext, records: dg.ResourceParam[Records]
) -> dg.MaterializeResult:
    """That the stage is proven, and by what."""
    release = records.release(context)
    suffix = stage_suffix(context.partition_key)
    (passed,) = records.require_passed(release, [f"canary/live_quality_holds{suffix}"])
    scores = records.newest_evidence(f"canary/live_scores{suffix}", release).body["summary"]
    because = str(scores["sentence"])
    event = {"event": "stage_proven", "stage": suffix[1:], "because": because}
    records.write("rollout", event, release)
    summary = {"outcome": "proven", "because": because, "scored": scores["scored"]}
    return records.evidence(context, release, summary=summary, inputs={"verdict": passed.digest})
