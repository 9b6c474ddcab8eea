"""What a canary stage saw on live traffic, and whether it proves the stage's limits.

The looks were taken by `sensors/live_slos`; here they are judged once more, from the store, as the
gate of the stage: a breach needs evidence against, an advance needs evidence for (law 5). The
evidence holds the findings with their numbers, and the claim concludes from that record.
"""

from dataclasses import asdict

import dagster as dg

from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.live.judge import judge, replay
from release_assets.domain.release import Release
from release_assets.partitions import CANARY_STAGES
from release_assets.pipeline import CANARY, LIVE_SCORES, STAGE_TRAFFIC
from release_assets.ports import ReleaseStore
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder


@evidence(LIVE_SCORES, STAGE_TRAFFIC, partitions_def=CANARY_STAGES)
def live_scores(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    release_store: dg.ResourceParam[ReleaseStore],
) -> dg.MaterializeResult[None]:
    """Record the scored pairs and counts of the stage, and the evidence for and against."""
    release = recorder.release(context)
    plan = recorder.repository.plan(release.key.feature, release.commit)
    looks = release_store.looks(str(release.key))
    judgement = judge(replay(plan, looks), plan)
    stage = looks[-1].stage
    mine = [b for b in looks if b.stage == stage]
    rows = [asdict(pair) | {"batch": b.id} for b in mine for pair in b.pairs]
    summary = {
        "sentence": judgement.sentence,
        "scored": judgement.scored,
        "candidate_calls": sum(b.candidate.requests for b in mine),
        "stable_calls": sum(b.stable.requests for b in mine),
        "evidence_against": judgement.evidence_against,
        "needed_against": judgement.needed_against,
        "evidence_for": judgement.evidence_for,
        "needed_for": judgement.needed_for,
        "last_look": looks[-1].id,
        "findings": [asdict(f) for f in judgement.findings],
    }
    table = recorder.evidence_store.put(rows) if rows else None
    inputs = {"plan": plan.digest}
    return recorder.evidence(context, release, summary=summary, inputs=inputs, table=table)


@claim(CANARY, partitions_def=CANARY_STAGES)
def live_quality_holds(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Every SLO of this stage is proven on live traffic, and none is broken."""
    return recorder.judge(context, _findings)


def _findings(_: Release, found: Entry) -> tuple[Finding, ...]:
    return tuple(Finding.read(document) for document in found.body["summary"]["findings"])
