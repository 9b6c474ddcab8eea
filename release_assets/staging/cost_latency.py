"""Fifty calls, the same on both sides: does the release keep its budget of money and time?

Both sides answer in turn on the same host; a breach must exceed the host's own noise (research:
the cost of different calls strays by a quarter with nothing changed).
"""

import dagster as dg

from release_assets.domain.evals.budgets import judge_budgets
from release_assets.domain.evals.policy_rules import budget_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Records
from release_assets.records.suite_run import judge_suite, summary_of
from release_assets.records.suite_runner import Comparison, SuiteRunner

REPEATS = 3


@evidence("staging", "staging/deployment", kinds=("http",))
def benchmark_results(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    benchmark_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult:
    """Latency and cost of the benchmark's calls on both sides, one call at a time."""
    release = records.release(context)
    found = benchmark_runner.in_turn(release, "benchmark", REPEATS)
    return records.evidence(
        context,
        release,
        summary=summary_of(found),
        inputs=benchmark_runner.inputs(release, "benchmark"),
        rows=found.table(),
    )


@claim(STAGING)
def cost_and_latency_keep_the_budget(
    context: dg.AssetCheckExecutionContext,
    records: dg.ResourceParam[Records],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """p50, p95 and cost per call keep the manifest's budget, and main's within the noise."""

    def judge(sides: Comparison, release: Release) -> tuple[Finding, ...]:
        manifest = records.repository.manifest(release.key.feature, release.commit)
        return judge_budgets(
            sides.candidate,
            sides.baseline,
            budget_rules(manifest, records.tier(release)),
            seed=seed_of(release.digest),
        )

    return judge_suite(context, records, evidence_shape, judge)
