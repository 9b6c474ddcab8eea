"""Fifty calls, the same on both sides: does the release keep its budget of money and time?

The calls are the same, since the cost of other calls differs by a quarter with nothing changed;
both sides answer in turn on the same host, and a breach must exceed the host's own noise.
"""

import dagster as dg

from release_assets.domain.evals.budgets import judge_budgets
from release_assets.domain.evals.policy_rules import budget_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import BENCHMARK_RESULTS, DEPLOYMENT, STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.suite_evidence import judge_suite, record_suite
from release_assets.records.suite_run import SuiteRun
from release_assets.records.suite_runner import SuiteRunner

REPEATS = 3


@evidence(BENCHMARK_RESULTS, DEPLOYMENT, kinds=("http",))
def benchmark_results(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    benchmark_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult[None]:
    """Record latency and cost of the benchmark's calls on both sides, one call at a time."""
    release = recorder.release(context)
    run = benchmark_runner.in_turn(release, "benchmark", REPEATS)
    return record_suite(context, recorder, release, run)


@claim(STAGING)
def cost_and_latency_keep_the_budget(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """p50, p95 and cost per call keep the manifest's budget, and main's within the noise."""

    def judge(run: SuiteRun, release: Release) -> tuple[Finding, ...]:
        manifest = recorder.repository.manifest(release.key.feature, release.commit)
        return judge_budgets(
            run.suite.candidate,
            run.suite.baseline,
            budget_rules(manifest, recorder.repository.tier(release)),
            seed=seed_of(release.digest),
        )

    return judge_suite(context, recorder, evidence_shape, judge)
