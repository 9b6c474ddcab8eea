"""The smoke suite on the head of the change and on main: do the core flows hold?

Ten to thirty cases can show harm, never its absence: this gate does not claim "as good as main"
(docs/methods.md, E12).
"""

import dagster as dg

from release_assets.domain.evals.policy_rules import regression_rules
from release_assets.domain.evals.smoke import judge_smoke
from release_assets.domain.finding import Finding
from release_assets.domain.release import Release
from release_assets.domain.statistics.paired import seed_of
from release_assets.pipeline import PRE_MERGE, REGISTERED_PROMPTS, SMOKE_RESULTS
from release_assets.ports import EvidenceShape
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.suite_evidence import judge_suite, record_suite
from release_assets.records.suite_run import SuiteRun
from release_assets.records.suite_runner import SuiteRunner


@evidence(SMOKE_RESULTS, REGISTERED_PROMPTS, kinds=("http",))
def smoke_results(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    benchmark_runner: dg.ResourceParam[SuiteRunner],
) -> dg.MaterializeResult[None]:
    """Record every row of the smoke suite on both sides."""
    release = recorder.release(context)
    repeats = recorder.repository.tier(release).smoke.repeats
    run = benchmark_runner.compare(release, "smoke", repeats, evidence=SMOKE_RESULTS)
    return record_suite(context, recorder, release, run)


@claim(PRE_MERGE)
def core_flows_hold(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    evidence_shape: dg.ResourceParam[EvidenceShape],
) -> dg.AssetCheckResult:
    """Critical cases pass, no flip is confirmed, and every core flow is asked about."""

    def judge(run: SuiteRun, release: Release) -> tuple[Finding, ...]:
        feature = release.key.feature
        cases = recorder.repository.suite(feature, release.commit, "smoke")
        return judge_smoke(
            run.pairing,
            regression_rules(recorder.repository.tier(release)),
            core_flows=recorder.repository.manifest(feature, release.commit).core_flows,
            topics={case.id: case.slices.get("topic", "") for case in cases},
            reruns=run.reruns,
            seed=seed_of(release.digest),
        )

    return judge_suite(context, recorder, evidence_shape, judge)
