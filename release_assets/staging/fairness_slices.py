"""Parallel cases in every locale: is any group served worse than before, or than the others?

The same question in each locale, one family each, so that groups are compared on the same thing
(seed: fairness slices).
"""

import dagster as dg

from release_assets.domain.evals.fairness import judge_fairness
from release_assets.domain.evals.policy_rules import fairness_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Records
from release_assets.records.suite_run import judge_suite, summary_of
from release_assets.records.suite_runner import Comparison, SuiteRunner


@evidence("staging", "staging/deployment", kinds=("http",))
def fairness_results(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    benchmark_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult:
    """Every row of the fairness suite on both sides."""
    release = records.release(context)
    found = benchmark_runner.in_turn(release, "fairness", 1)
    return records.evidence(
        context,
        release,
        summary=summary_of(found),
        inputs=benchmark_runner.inputs(release, "fairness"),
        rows=found.table(),
    )


@claim(STAGING)
def no_locale_is_left_behind(
    context: dg.AssetCheckExecutionContext,
    records: dg.ResourceParam[Records],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """No group is worse than itself on main, or than all groups together."""

    def judge(sides: Comparison, release: Release) -> tuple[Finding, ...]:
        return judge_fairness(
            sides.candidate,
            sides.baseline,
            fairness_rules(records.tier(release)),
            seed=seed_of(release.digest),
        )

    return judge_suite(context, records, evidence_shape, judge)
