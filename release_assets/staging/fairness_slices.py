"""Parallel cases in every locale: is any group served worse than before, or than the others?

The same question in each locale, one family each, so that groups are compared on the same thing.
"""

import dagster as dg

from release_assets.domain.evals.fairness import judge_fairness
from release_assets.domain.evals.policy_rules import fairness_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import DEPLOYMENT, FAIRNESS_RESULTS, STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.suite_evidence import judge_suite, record_suite
from release_assets.records.suite_run import SuiteRun
from release_assets.records.suite_runner import SuiteRunner


@evidence(FAIRNESS_RESULTS, DEPLOYMENT, kinds=("http",))
def fairness_results(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    benchmark_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult[None]:
    """Record every row of the fairness suite on both sides."""
    release = recorder.release(context)
    run = benchmark_runner.in_turn(release, "fairness", 1)
    return record_suite(context, recorder, release, run)


@claim(STAGING)
def no_locale_is_left_behind(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """No group is worse than itself on main, or than all groups together."""

    def judge(run: SuiteRun, release: Release) -> tuple[Finding, ...]:
        return judge_fairness(
            run.pairing,
            fairness_rules(recorder.repository.tier(release)),
            seed=seed_of(release.digest),
        )

    return judge_suite(context, recorder, evidence_shape, judge)
