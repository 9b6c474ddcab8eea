"""A suite as evidence: its rows are stored when it was run, and judged as they were stored.

Which rules judge a suite, the claim of a phase knows; what a run is, `suite_run.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_assets.records.suite_run import SuiteRun, read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import dagster as dg

    from release_assets.domain.finding import Finding
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.ports import EvidenceShape
    from release_assets.records.recorder import Recorder


def record_suite(
    context: dg.AssetExecutionContext,
    recorder: Recorder,
    release: Release,
    run: SuiteRun,
) -> dg.MaterializeResult[None]:
    """Store the rows of a run, and record its summary."""
    table = recorder.evidence_store.put(run.table())
    recorder.paired[table] = run
    return recorder.evidence(
        context, release, summary=run.summary(), inputs=run.inputs, table=table
    )


def judge_suite(
    context: dg.AssetCheckExecutionContext,
    recorder: Recorder,
    shape: EvidenceShape,
    judge: Callable[[SuiteRun, Release], tuple[Finding, ...]],
) -> dg.AssetCheckResult:
    """Judge the stored table of a suite: its shape, and then its rows."""

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        rows = recorder.rows(found)
        # The table was verified against its digest, so a run under that digest is this one.
        run = recorder.paired.pop(found.body["table"], None) or read_run(rows)
        return (*_shape_findings(shape, rows, found), *judge(run, release))

    return recorder.judge(context, rule)


def _shape_findings(
    shape: EvidenceShape, rows: Sequence[Mapping[str, Any]], found: Entry
) -> tuple[Finding, ...]:
    """Judge whether the stored table is well formed, but for the cases that were asked again."""
    summary = found.body["summary"]
    first = [row for row in rows if not row["again"]]
    return shape.findings(
        first, cases=summary["cases"], repeats=summary["repeats"], scorers=summary["scorers"]
    )
