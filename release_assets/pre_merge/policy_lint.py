"""Policy lint: may this manifest be released at all, and can its plan prove what it promises?

From files alone: manifest, model registry, risk tier, suites, prices, rollout plan. A file that
cannot be read is a finding with its line, beside all the others (seed: policy lint).
"""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import dagster as dg

from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.evals.rows import EvalCase
from release_assets.domain.files.manifest_lint import lint_manifest
from release_assets.domain.files.models import read_prices
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.planning.planner import plan_findings
from release_assets.domain.release import Release
from release_assets.domain.rollout.plan import RolloutPlan
from release_assets.pipeline import PRE_MERGE
from release_assets.ports import Clock
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder

T = TypeVar("T")

LIVE_SLICES = ("locale",)


@evidence("pre_merge", "pre_merge/change", kinds=("yaml",))
def policy_report(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult:
    """What the manifest declares: tier, model, suites by size, resolved plan."""
    release = recorder.release(context)
    manifest = recorder.repository.manifest(release.key.feature, release.commit)
    plan = _plan(recorder, release)
    summary = {
        "risk_tier": manifest.risk_tier.value,
        "model": f"{manifest.model.name}@{manifest.model.revision}",
        "suites": _suite_sizes(recorder, release),
        "plan": str(plan) if isinstance(plan, InputError) else plan.document(),
    }
    return recorder.evidence(context, release, summary=summary, inputs={"commit": release.commit})


@claim(PRE_MERGE)
def manifest_keeps_the_policy(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    clock: dg.ResourceParam[Clock],
) -> dg.AssetCheckResult:
    """Model, tier, suites, prices and plan are what the policy of this risk tier demands."""
    return recorder.judge(context, lambda release, _: _lint(recorder, release, clock.now().date()))


def _lint(recorder: Recorder, release: Release, today: date) -> tuple[Finding, ...]:
    repository, feature = recorder.repository, release.key.feature
    manifest = repository.manifest(feature, release.commit)
    baseline, plan = repository.baseline(release.key), _plan(recorder, release)
    file = manifest.prices
    prices = repository.files(feature, release.commit).get(file, b"")
    findings = lint_manifest(
        manifest,
        models=repository.models(),
        policy=repository.policy(),
        plan=plan,
        prices=_or_error(lambda: read_prices(decode(prices, file=file), file=file)),
        suites=_suite_sizes(recorder, release),
        slices=LIVE_SLICES,
        changed_parts=release.unit.differences(baseline.unit),
        main=repository.manifest(feature, repository.git_host.main()),
        today=today,
    )
    findings = (*findings, *_suites_can_be_read(recorder, release))
    return findings if isinstance(plan, InputError) else (*findings, *_provable(recorder, release))


def _provable(recorder: Recorder, release: Release) -> tuple[Finding, ...]:
    traffic = recorder.repository.manifest(release.key.feature, release.commit).traffic
    plan = recorder.repository.plan(release.key.feature, release.commit)
    return plan_findings(
        plan,
        calls_per_second=traffic.calls_per_second,
        scores_per_hour=traffic.scores_per_hour,
    )


def _plan(recorder: Recorder, release: Release) -> RolloutPlan | InputError:
    return _or_error(lambda: recorder.repository.plan(release.key.feature, release.commit))


def _suites_can_be_read(recorder: Recorder, release: Release) -> tuple[Finding, ...]:
    """One failed finding for each suite that cannot be read, with its line."""
    read = _suites(recorder, release).values()
    wrong = [str(error) for error in read if isinstance(error, InputError)]
    rule = "every_suite_can_be_read"
    if not wrong:
        return (Finding(rule=rule, outcome=Outcome.PASSED, because="every suite can be read"),)
    return tuple(Finding(rule=rule, outcome=Outcome.FAILED, because=text) for text in wrong)


def _suite_sizes(recorder: Recorder, release: Release) -> dict[str, int]:
    """Cases by suite, of those that can be read."""
    read = _suites(recorder, release)
    return {name: len(cases) for name, cases in read.items() if isinstance(cases, tuple)}


def _suites(recorder: Recorder, release: Release) -> dict[str, tuple[EvalCase, ...] | InputError]:
    feature, commit = release.key.feature, release.commit
    names = recorder.repository.manifest(feature, commit).suites
    return {n: _or_error(lambda n=n: recorder.repository.suite(feature, commit, n)) for n in names}


def _or_error(read: Callable[[], T]) -> T | InputError:
    try:
        return read()
    except InputError as exc:
        return exc
