"""The feature's own lint, types and tests: does the code hold by its authors' own rules?

The tools and their rules are the feature repository's; a tool that did not do its work is never a
pass (seed: lint, unit).
"""

import tempfile
from pathlib import Path

import dagster as dg

from release_assets.declaring import claim, evidence
from release_assets.domain.tool_reports import judge_reports, reports_in
from release_assets.pipeline import PRE_MERGE
from release_assets.ports import CodeHealth, GitHost
from release_assets.records import Records


@evidence("pre_merge", "pre_merge/change", kinds=("python",))
def code_health(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    git_host: dg.ResourceParam[GitHost],
    code_checker: dg.ResourceParam[CodeHealth],
) -> dg.MaterializeResult:
    """What lint, types and tests say about the tree of this release."""
    release = records.release(context)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git_host.export(release.commit, tree)
        reports = code_checker.check(tree, release.key.feature)
    return records.evidence(
        context,
        release,
        summary={"reports": [r.document() for r in reports]},
        inputs={r.tool: r.version for r in reports},
    )


@claim(PRE_MERGE)
def code_is_healthy(
    context: dg.AssetCheckExecutionContext, records: dg.ResourceParam[Records]
) -> dg.AssetCheckResult:
    """Lint, types and tests of the feature's own repository are clean."""
    return records.judge(context, lambda _, found: judge_reports(reports_in(found.body)))
