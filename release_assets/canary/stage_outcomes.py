"""The outcome of a canary stage: reached only past its blocking gate."""

import dagster as dg

from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.partitions import CANARY_STAGES
from release_assets.pipeline import CANARY, LIVE_SCORES, STAGE_OUTCOMES, of_stage
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder
from release_assets.records.show import stage_of


@evidence(STAGE_OUTCOMES, LIVE_SCORES, partitions_def=CANARY_STAGES)
def stage_outcomes(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record that the stage is proven, and by what."""
    release = recorder.release(context)
    stage, reading = stage_of(context.partition_key), recorder.book.of(release)
    (passed,) = reading.require_passed([of_stage(CANARY.gate, stage)])
    scores = reading.newest_evidence(of_stage(LIVE_SCORES, stage)).body["summary"]
    because = str(scores["sentence"])
    event = {"event": RolloutEvent.STAGE_PROVEN, "stage": stage, "because": because}
    recorder.book.write(EntryKind.ROLLOUT, event, release)
    summary = {"outcome": "proven", "because": because, "scored": scores["scored"]}
    return recorder.evidence(context, release, summary=summary, inputs={"verdict": passed.digest})
