"""Who says yes? The last gate before production."""

import dagster as dg

from release_assets.pipeline import SIGN_OFF, SIGN_OFF_GATE
from release_assets.records.declare import evidence
from release_assets.records.gate import gate_materialisation, pass_gate
from release_assets.records.recorder import Recorder


@evidence(SIGN_OFF_GATE, *(claim.evidence for claim in SIGN_OFF.claims))
def gate(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record that independent people reviewed and signed this release."""
    release = recorder.release(context)
    verdict, entry = pass_gate(recorder, release, SIGN_OFF, context.run.run_id)
    return gate_materialisation(context, release, verdict, entry)
