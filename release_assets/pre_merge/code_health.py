"""The feature's own lint, types and tests: does the code hold by its authors' own rules?

The tools and their rules are the feature repository's; a tool that did not do its work is never a
pass (law 2).
"""

import dagster as dg

from release_assets.domain.evals.tool_reports import judge_reports, reports_in
from release_assets.pipeline import CHANGE, CODE_HEALTH, PRE_MERGE
from release_assets.ports import CodeHealth
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.tools import record_reports


@evidence(CODE_HEALTH, CHANGE, kinds=("python",))
def code_health(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    code_checker: dg.ResourceParam[CodeHealth],
) -> dg.MaterializeResult[None]:
    """Record the reports of lint, types and tests about the tree of this release."""
    return record_reports(context, recorder, code_checker.check)


@claim(PRE_MERGE)
def code_is_healthy(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Lint, types and tests of the feature's own repository are clean."""
    return recorder.judge(context, lambda _, found: judge_reports(reports_in(found.body)))
