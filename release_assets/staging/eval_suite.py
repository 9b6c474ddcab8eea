"""The production suite, on the candidate and on main: is quality as good as it was?

Repeats are added on both sides while only the margin is open; undecided at the most repeats is
inconclusive, with the number of cases that it would take (docs/methods.md, R15).
"""

import dagster as dg

from release_assets.domain.evals.policy_rules import regression_rules
from release_assets.domain.evals.regression import judge_regression, more_repeats_would_help
from release_assets.domain.files.policy import TierPolicy
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import DEPLOYMENT, EVAL_RESULTS, STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.suite_evidence import judge_suite, record_suite
from release_assets.records.suite_run import SuiteRun
from release_assets.records.suite_runner import SuiteRunner


@evidence(EVAL_RESULTS, DEPLOYMENT, kinds=("inspect",))
def eval_results(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    suite_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult[None]:
    """Record every row of the production suite on both sides."""
    release = recorder.release(context)
    tier = recorder.repository.tier(release)
    run = suite_runner.compare(
        release,
        "production",
        tier.regression.repeats,
        evidence=EVAL_RESULTS,
        repeats_max=tier.regression.repeats_max,
        wants_more=lambda run: more_repeats_would_help(_judge(run, tier, release)),
    )
    return record_suite(context, recorder, release, run)


@claim(STAGING)
def quality_holds_against_main(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """No scorer and no locale regressed, and the margin is proven."""

    def judge(run: SuiteRun, release: Release) -> tuple[Finding, ...]:
        return _judge(run, recorder.repository.tier(release), release)

    return judge_suite(context, recorder, evidence_shape, judge)


def _judge(run: SuiteRun, tier: TierPolicy, release: Release) -> tuple[Finding, ...]:
    return judge_regression(
        run.pairing,
        regression_rules(tier),
        reruns=run.reruns,
        seed=seed_of(release.digest),
    )
