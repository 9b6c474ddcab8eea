"""Secrets and dangerous calls, by existing scanners: does the tree hold what an attacker wants?

Matched text is never kept; a finding names rule, file and line.
"""

import dagster as dg

from release_assets.domain.evals.tool_reports import judge_reports, reports_in
from release_assets.pipeline import CHANGE, PRE_MERGE, SECURITY_REPORT
from release_assets.ports import SecurityScanner
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.tools import record_reports


@evidence(SECURITY_REPORT, CHANGE, kinds=("sarif",))
def security_report(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    security_scanner: dg.ResourceParam[SecurityScanner],
) -> dg.MaterializeResult[None]:
    """Record the reports of the scanners about the tree of this release."""
    return record_reports(context, recorder, security_scanner.scan)


@claim(PRE_MERGE)
def no_secret_and_no_dangerous_call(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """No scanner found a secret or a dangerous call."""
    return recorder.judge(context, lambda _, found: judge_reports(reports_in(found.body)))
