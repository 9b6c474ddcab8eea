"""Secrets and dangerous calls, by existing scanners: does the tree hold what an attacker wants?

Matched text is never kept; a finding names rule, file and line (seed: security scan).
"""

import tempfile
from pathlib import Path

import dagster as dg

from release_assets.declaring import claim, evidence
from release_assets.domain.tool_reports import judge_reports, reports_in
from release_assets.pipeline import PRE_MERGE
from release_assets.ports import GitHost, SecurityScanner
from release_assets.records import Records


@evidence("pre_merge", "pre_merge/change", kinds=("sarif",))
def security_report(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    git_host: dg.ResourceParam[GitHost],
    security_scanner: dg.ResourceParam[SecurityScanner],
) -> dg.MaterializeResult:
    """What the scanners say about the tree of this release."""
    release = records.release(context)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git_host.export(release.commit, tree)
        reports = security_scanner.scan(tree, release.key.feature)
    return records.evidence(
        context,
        release,
        summary={"reports": [r.document() for r in reports]},
        inputs={r.tool: r.version for r in reports},
    )


@claim(PRE_MERGE)
def no_secret_and_no_dangerous_call(
    context: dg.AssetCheckExecutionContext, records: dg.ResourceParam[Records]
) -> dg.AssetCheckResult:
    """No scanner found a secret or a dangerous call."""
    return records.judge(context, lambda _, found: judge_reports(reports_in(found.body)))
