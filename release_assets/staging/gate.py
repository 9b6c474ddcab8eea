"""As good as main? The gate puts all results on the change ticket."""

import dagster as dg

from release_assets.pipeline import STAGING, STAGING_GATE
from release_assets.ports import ChangeTickets
from release_assets.records.declare import evidence
from release_assets.records.gate import gate_materialisation, pass_gate
from release_assets.records.recorder import Recorder
from release_assets.records.show import findings_table


@evidence(STAGING_GATE, *(claim.evidence for claim in STAGING.claims))
def gate(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    change_tickets: dg.ResourceParam[ChangeTickets],
) -> dg.MaterializeResult[None]:
    """Record the verdict of staging, on the ticket and in the ledger."""
    release = recorder.release(context)
    verdict, entry = pass_gate(recorder, release, STAGING, context.run.run_id)
    text = findings_table(verdict.findings)
    change_tickets.comment(str(release.key), "Staging passed", text, dedup=entry.digest)
    return gate_materialisation(context, release, verdict, entry)
