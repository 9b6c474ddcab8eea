"""The outcome of a canary stage: reached only past its blocking gate."""

import dagster as dg

from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.partitions import CANARY_STAGES
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder
from release_assets.records.show import stage_suffix


@evidence("canary", "canary/live_scores", partitions_def=CANARY_STAGES)
def stage_outcomes(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record that the stage is proven, and by what."""
    release = recorder.release(context)
    suffix = stage_suffix(context.partition_key)
    (passed,) = recorder.book.of(release).require_passed([f"canary/live_quality_holds{suffix}"])
    scores = (
        recorder.book.of(release).newest_evidence(f"canary/live_scores{suffix}").body["summary"]
    )
    because = str(scores["sentence"])
    event = {"event": RolloutEvent.STAGE_PROVEN, "stage": suffix[1:], "because": because}
    recorder.book.write(EntryKind.ROLLOUT, event, release)
    summary = {"outcome": "proven", "because": because, "scored": scores["scored"]}
    return recorder.evidence(context, release, summary=summary, inputs={"verdict": passed.digest})
