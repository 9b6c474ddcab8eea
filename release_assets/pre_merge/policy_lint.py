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
from release_assets.records.recorder import Records

T = TypeVar("T")

LIVE_SLICES = ("locale",)


@evidence("pre_merge", "pre_merge/change", kinds=("yaml",))
def policy_report(
    context: dg.AssetExecutionContext, records: dg.ResourceParam[Records]
) -> dg.MaterializeResult:
    """What the manifest declares: tier, model, suites by size, resolved plan."""
    release = records.release(context)
    manifest = records.repository.manifest(release.key.feature, release.commit)
    plan = _plan(records, release)
    summary = {
        "risk_tier": manifest.risk_tier.value,
        "model": f"{manifest.model.name}@{manifest.model.revision}",
        "suites": _suite_sizes(records, release),
        "plan": str(plan) if isinstance(plan, InputError) else plan.document(),
    }
    return records.evidence(context, release, summary=summary, inputs={"commit": release.commit})


@claim(PRE_MERGE)
def manifest_keeps_the_policy(
    context: dg.AssetCheckExecutionContext,
    records: dg.ResourceParam[Records],
    clock: dg.ResourceParam[Clock],
) -> dg.AssetCheckResult:
    """Model, tier, suites, prices and plan are what the policy of this risk tier demands."""
    return records.judge(context, lambda release, _: _lint(records, release, clock.now().date()))


def _lint(records: Records, release: Release, today: date) -> tuple[Finding, ...]:
    repository, feature = records.repository, release.key.feature
    manifest = repository.manifest(feature, release.commit)
    baseline, plan = repository.baseline(release.key), _plan(records, release)
    file = manifest.prices
    prices = repository.files(feature, release.commit).get(file, b"")
    findings = lint_manifest(
        manifest,
        models=repository.models(),
        policy=repository.policy(),
        plan=plan,
        prices=_or_error(lambda: read_prices(decode(prices, file=file), file=file)),
        suites=_suite_sizes(records, release),
        slices=LIVE_SLICES,
        changed_parts=release.unit.differences(baseline.unit),
        main=repository.manifest(feature, repository.git_host.main()),
        today=today,
    )
    findings = (*findings, *_suites_can_be_read(records, release))
    return findings if isinstance(plan, InputError) else (*findings, *_provable(records, release))


def _provable(records: Records, release: Release) -> tuple[Finding, ...]:
    traffic = records.repository.manifest(release.key.feature, release.commit).traffic
    plan = records.repository.plan(release.key.feature, release.commit)
    return plan_findings(
        plan,
        calls_per_second=traffic.calls_per_second,
        scores_per_hour=traffic.scores_per_hour,
    )


def _plan(records: Records, release: Release) -> RolloutPlan | InputError:
    return _or_error(lambda: records.repository.plan(release.key.feature, release.commit))


def _suites_can_be_read(records: Records, release: Release) -> tuple[Finding, ...]:
    """One failed finding for each suite that cannot be read, with its line."""
    read = _suites(records, release).values()
    wrong = [str(error) for error in read if isinstance(error, InputError)]
    rule = "every_suite_can_be_read"
    if not wrong:
        return (Finding(rule=rule, outcome=Outcome.PASSED, because="every suite can be read"),)
    return tuple(Finding(rule=rule, outcome=Outcome.FAILED, because=text) for text in wrong)


def _suite_sizes(records: Records, release: Release) -> dict[str, int]:
    """Cases by suite, of those that can be read."""
    read = _suites(records, release)
    return {name: len(cases) for name, cases in read.items() if isinstance(cases, tuple)}


def _suites(records: Records, release: Release) -> dict[str, tuple[EvalCase, ...] | InputError]:
    feature, commit = release.key.feature, release.commit
    names = records.repository.manifest(feature, commit).suites
    return {n: _or_error(lambda n=n: records.repository.suite(feature, commit, n)) for n in names}


def _or_error(read: Callable[[], T]) -> T | InputError:
    try:
        return read()
    except InputError as exc:
        return exc
