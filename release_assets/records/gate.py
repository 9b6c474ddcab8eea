"""The gate at the end of a phase: all its claims passed for this release digest, or it stays shut.

Reads the verdicts from the ledger, whatever Dagster shows: blocking checks act only inside one
run, the gate acts always (law 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.verdict import Verdict, conclude
from release_assets.records.show import materialisation

if TYPE_CHECKING:
    import dagster as dg

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.pipeline import Phase
    from release_assets.records.recorder import Recorder


def pass_gate(
    recorder: Recorder, release: Release, phase: Phase, run_id: str
) -> tuple[Verdict, Entry]:
    """Conclude a phase; raises `RefusedError` when a claim is missing, stale or not passed."""
    reading = recorder.book.of(release)
    passed = reading.require_passed(phase.verdicts)
    verdict = conclude(phase.gate, [_holds(entry) for entry in passed])
    return verdict, recorder.verdict(release, verdict, reading.evidence_of(passed), run_id)


def gate_materialisation(
    context: dg.AssetExecutionContext, release: Release, verdict: Verdict, entry: Entry
) -> dg.MaterializeResult[None]:
    """Return what Dagster shows of a passed gate."""
    shown = {"outcome": str(verdict.outcome), "headline": verdict.headline}
    return materialisation(context, entry, release, shown)


def _holds(entry: Entry) -> Finding:
    because = f"{entry.body['gate']}: {entry.body['headline']}"
    return Finding(rule=entry.body["gate"], outcome=Outcome.PASSED, because=because)
