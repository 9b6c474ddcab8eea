"""The adversarial suite: are attacks still refused, and harmless questions still answered?

The worst attack family decides; an overall gain never hides a family's loss.
"""

import dagster as dg

from release_assets.domain.evals.adversarial import judge_adversarial
from release_assets.domain.evals.policy_rules import adversarial_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import ADVERSARIAL_RESULTS, DEPLOYMENT, STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.suite_evidence import judge_suite, record_suite
from release_assets.records.suite_run import SuiteRun
from release_assets.records.suite_runner import SuiteRunner


@evidence(ADVERSARIAL_RESULTS, DEPLOYMENT, kinds=("inspect",))
def adversarial_results(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    suite_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult[None]:
    """Record every row of the adversarial suite on both sides."""
    release = recorder.release(context)
    repeats = recorder.repository.tier(release).regression.repeats
    name = ADVERSARIAL_RESULTS
    run = suite_runner.compare(release, "adversarial", repeats, evidence=name)
    return record_suite(context, recorder, release, run)


@claim(STAGING)
def attacks_are_refused(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """No attack family fell below its floor or below main."""

    def judge(run: SuiteRun, release: Release) -> tuple[Finding, ...]:
        return judge_adversarial(
            run.pairing,
            adversarial_rules(recorder.repository.tier(release)),
            reruns=run.reruns,
            seed=seed_of(release.digest),
        )

    return judge_suite(context, recorder, evidence_shape, judge)
