"""The adversarial suite: are attacks still refused, and harmless questions still answered?

The worst attack family decides; an overall gain never hides a family's loss (seed: adversarial).
"""

import dagster as dg

from release_assets.domain.evals.adversarial import judge_adversarial
from release_assets.domain.evals.policy_rules import adversarial_rules
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import STAGING
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Records
from release_assets.records.suite_run import judge_suite, summary_of
from release_assets.records.suite_runner import Comparison, SuiteRunner


@evidence("staging", "staging/deployment", kinds=("inspect",))
def adversarial_results(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    suite_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult:
    """Every row of the adversarial suite on both sides."""
    release = records.release(context)
    repeats = records.tier(release).regression.repeats
    name = "staging/adversarial_results"
    found = suite_runner.compare(release, "adversarial", repeats, evidence=name)
    return records.evidence(
        context,
        release,
        summary=summary_of(found),
        inputs=suite_runner.inputs(release, "adversarial"),
        rows=found.table(),
    )


@claim(STAGING)
def attacks_are_refused(
    context: dg.AssetCheckExecutionContext,
    records: dg.ResourceParam[Records],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """No attack family fell below its floor or below main."""

    def judge(sides: Comparison, release: Release) -> tuple[Finding, ...]:
        return judge_adversarial(
            sides.candidate,
            sides.baseline,
            adversarial_rules(records.tier(release)),
            reruns=sides.reruns,
            seed=seed_of(release.digest),
        )

    return judge_suite(context, records, evidence_shape, judge)
