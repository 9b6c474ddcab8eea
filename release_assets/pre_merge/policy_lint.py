"""Policy lint: may this manifest be released at all, and can its plan prove what it promises?

From files alone: manifest, model registry, risk tier, suites, prices, rollout plan, at the commit
that the evidence names. A file that cannot be read is a finding with its line, beside all others.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import TypeVar

import dagster as dg

from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.evals.rows import EvalCase
from release_assets.domain.files.manifest import Manifest
from release_assets.domain.files.manifest_lint import lint_manifest
from release_assets.domain.files.models import read_prices
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.planning.forecast import forecasts
from release_assets.domain.planning.planner import plan_findings
from release_assets.domain.planning.traffic import PlanTraffic
from release_assets.domain.release import Release
from release_assets.domain.rollout.plan import RolloutPlan
from release_assets.pipeline import CHANGE, POLICY_REPORT, PRE_MERGE
from release_assets.ports import Clock
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.records.repository import FeatureRepository

T = TypeVar("T")

LIVE_SLICES = ("locale",)


@evidence(POLICY_REPORT, CHANGE, kinds=("yaml",))
def policy_report(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record what the manifest declares: tier, model, suites by size, resolved plan."""
    release, repository = recorder.release(context), recorder.repository
    manifest = repository.manifest(release.key.feature, release.commit)
    plan = _plan(repository, release)
    summary = {
        "risk_tier": manifest.risk_tier.value,
        "model": f"{manifest.model.name}@{manifest.model.revision}",
        "suites": _suite_sizes(repository, release),
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

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        reported = recorder.repository.release(release.key, found.body["inputs"]["commit"])
        sizes = found.body["summary"]["suites"]
        return _lint(recorder.repository, reported, sizes, clock.now().date())

    return recorder.judge(context, rule)


def _lint(
    repository: FeatureRepository, release: Release, sizes: Mapping[str, int], today: date
) -> tuple[Finding, ...]:
    feature, control = release.key.feature, repository.control_files()
    manifest = repository.manifest(feature, release.commit)
    baseline, plan = repository.baseline(release.key), _plan(repository, release)
    file = manifest.prices
    prices = repository.files(feature, release.commit).get(file, b"")
    findings = lint_manifest(
        manifest,
        models=control.models,
        policy=control.policy,
        plan=plan,
        prices=_or_error(lambda: read_prices(decode(prices, file=file), file=file)),
        suites=sizes,
        slices=LIVE_SLICES,
        changed_parts=release.unit.differences(baseline.unit),
        main=repository.manifest(feature, control.commit),
        today=today,
    )
    findings = (*findings, *_suites_can_be_read(repository, release))
    return findings if isinstance(plan, InputError) else (*findings, *_provable(manifest, plan))


def _provable(manifest: Manifest, plan: RolloutPlan) -> tuple[Finding, ...]:
    traffic = PlanTraffic(
        calls_per_second=manifest.traffic.calls_per_second,
        scores_per_hour=manifest.traffic.scores_per_hour,
    )
    return plan_findings(plan, forecasts(plan, traffic), traffic)


def _plan(repository: FeatureRepository, release: Release) -> RolloutPlan | InputError:
    return _or_error(lambda: repository.plan(release.key.feature, release.commit))


def _suites_can_be_read(repository: FeatureRepository, release: Release) -> tuple[Finding, ...]:
    """Return one failed finding for each suite that cannot be read, with its line."""
    read = _suites(repository, release).values()
    wrong = [str(error) for error in read if isinstance(error, InputError)]
    rule = "every_suite_can_be_read"
    if not wrong:
        return (Finding(rule=rule, outcome=Outcome.PASSED, because="every suite can be read"),)
    return tuple(Finding(rule=rule, outcome=Outcome.FAILED, because=text) for text in wrong)


def _suite_sizes(repository: FeatureRepository, release: Release) -> dict[str, int]:
    """Return the cases by suite, of those that can be read."""
    read = _suites(repository, release)
    return {name: len(cases) for name, cases in read.items() if isinstance(cases, tuple)}


def _suites(
    repository: FeatureRepository, release: Release
) -> dict[str, tuple[EvalCase, ...] | InputError]:
    feature, commit = release.key.feature, release.commit
    names = repository.manifest(feature, commit).suites
    return {name: _or_error(partial(repository.suite, feature, commit, name)) for name in names}


def _or_error(read: Callable[[], T]) -> T | InputError:
    try:
        return read()
    except InputError as exc:
        return exc
