"""Policy lint: may this manifest be released, before anything of it is run?

Decides from files alone: the manifest, the model registry, the policy, the plan, the sizes of the
suites. All findings are reported, not the first. What the plan can prove with its traffic is
`planner.py`'s; what the suites show, the gates'. (ISO 42001 A.6.2.4, SOC 2 CC8.1)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.errors import InputError, nearest
from release_assets.domain.files.manifest import SUITES
from release_assets.domain.finding import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from release_assets.domain.files.manifest import Manifest, RestorePlan
    from release_assets.domain.files.models import ModelRegistry, PriceTable
    from release_assets.domain.files.policy import Policy, TierPolicy
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.domain.rollout.slo import Slo


def lint_manifest(
    manifest: Manifest,
    *,
    models: ModelRegistry,
    policy: Policy,
    plan: RolloutPlan | InputError,
    prices: PriceTable | InputError,
    suites: Mapping[str, int],
    slices: Collection[str],
    changed_parts: Collection[str],
    main: Manifest | None,
    today: date,
) -> tuple[Finding, ...]:
    """Return all findings of policy lint.

    Args:
        manifest: The release's.
        models: The registry, read at main.
        policy: Read at main.
        plan: The rollout plan that the manifest names, or why it could not be read.
        prices: The price table that it names, or why it could not be read.
        suites: Number of cases by suite name, for suites that exist and can be read.
        slices: Slice keys that live calls carry (`locale`).
        changed_parts: Parts in which the unit differs from main's.
        main: The manifest at main; None for the first release of a feature.
        today: The day of the lint, UTC.

    Raises `InputError` when the policy has no rules for the manifest's risk tier.
    """
    tier = policy.tier(manifest.risk_tier)
    return (
        _model_is_registered(manifest, models),
        _model_is_approved(manifest, models, today),
        _model_is_priced(manifest, prices),
        _plan_can_be_followed(manifest, plan),
        _slo_metrics_are_emitted(manifest, plan, slices),
        *_suites_are_large_enough(manifest, tier, suites),
        _irreversible_parts_can_be_restored(manifest, tier, changed_parts, today),
        _handbook_is_approved_by_main(manifest, main),
    )


def _model_is_registered(manifest: Manifest, models: ModelRegistry) -> Finding:
    pin, rule = manifest.model, "model_is_registered"
    revisions = models.revisions(pin.name)
    if not revisions:
        return _no(rule, f"model '{pin.name}' is not registered{_near(pin.name, models.names)}")
    if pin.revision not in revisions:
        known = ", ".join(sorted(revisions))
        because = (
            f"revision '{pin.revision}' of '{pin.name}' is not registered; registered are {known}"
        )
        return _no(rule, because)
    return _yes(rule, f"'{pin.name}' revision '{pin.revision}' is registered")


def _model_is_approved(manifest: Manifest, models: ModelRegistry, today: date) -> Finding:
    pin, rule = manifest.model, "model_is_approved"
    entry = models.revisions(pin.name).get(pin.revision)
    if entry is None:
        return _unknown(rule, f"'{pin.name}' revision '{pin.revision}' is not registered")
    if entry.has_ended(today):
        return _no(rule, f"'{pin.name}' reached its end of life on {entry.end_of_life}")
    if manifest.risk_tier not in entry.tiers:
        tiers = ", ".join(entry.tiers)
        return _no(rule, f"'{pin.name}' is approved for {tiers}, not for {manifest.risk_tier}")
    return _yes(rule, f"'{pin.name}' is approved for {manifest.risk_tier}")


def _model_is_priced(manifest: Manifest, prices: PriceTable | InputError) -> Finding:
    if isinstance(prices, InputError):
        return _no("model_is_priced", f"'{manifest.model.name}' has no price: {prices}")
    return _yes("model_is_priced", f"{manifest.prices} prices '{manifest.model.name}'")


def _plan_can_be_followed(manifest: Manifest, plan: RolloutPlan | InputError) -> Finding:
    rule = "plan_can_be_followed"
    if isinstance(plan, InputError):
        return _no(rule, f"{plan}")
    shares = ", ".join(f"{stage.traffic_pct:g} %" for stage in plan.stages)
    return _yes(rule, f"{manifest.rollout_plan} ramps over {shares}")


def _slo_metrics_are_emitted(
    manifest: Manifest, plan: RolloutPlan | InputError, slices: Collection[str]
) -> Finding:
    rule = "slo_metrics_are_emitted"
    if isinstance(plan, InputError):
        return _unknown(rule, "the rollout plan cannot be read")
    slos = {slo.name: slo for stage in plan.stages for slo in stage.slos}
    wrong = [why for slo in slos.values() if (why := _not_emitted(slo, manifest.scorers, slices))]
    return _found(rule, wrong, f"all {len(slos)} SLOs have a metric that is emitted")


def _not_emitted(slo: Slo, scorers: Collection[str], slices: Collection[str]) -> str:
    """Return why the metric of an SLO is not emitted; empty when it is."""
    if slo.metric.name == "eval" and slo.subject not in scorers:
        near = _near(str(slo.subject), scorers)
        return f"'{slo.name}' needs the scorer '{slo.subject}', which is not declared{near}"
    if slo.metric.name == "fairness" and slo.subject not in slices:
        near = _near(str(slo.subject), slices)
        return f"'{slo.name}' needs the slice '{slo.subject}', which no call carries{near}"
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    least: int
    most: int | None = None


def _suites_are_large_enough(
    manifest: Manifest, tier: TierPolicy, suites: Mapping[str, int]
) -> Iterable[Finding]:
    sizes = {
        "smoke": _Size(least=tier.smoke.cases_min, most=tier.smoke.cases_max),
        "production": _Size(least=tier.suites.production_min),
        "adversarial": _Size(least=tier.suites.adversarial_min),
        "fairness": _Size(least=tier.suites.fairness_min),
        "benchmark": _Size(least=tier.suites.benchmark_min),
    }
    return [_suite_is_large_enough(name, sizes[name], manifest, suites) for name in SUITES]


def _suite_is_large_enough(
    name: str, size: _Size, manifest: Manifest, suites: Mapping[str, int]
) -> Finding:
    rule = f"{name}_suite_is_large_enough"
    if name not in manifest.suites:
        return _no(rule, f"the manifest has no {name} suite; add it under 'suites'")
    if name not in suites:
        return _no(rule, f"{manifest.suites[name]} does not exist or cannot be read")
    n, limit = suites[name], size.least
    if n < size.least:
        because = f"{name} has {n} cases, at least {size.least} are required"
        return Finding(rule=rule, outcome=Outcome.FAILED, because=because, n=n, limit=limit)
    if size.most is not None and n > size.most:
        because = f"{name} has {n} cases, at most {size.most} are allowed, so that it stays fast"
        return Finding(rule=rule, outcome=Outcome.FAILED, because=because, n=n, limit=size.most)
    because = f"{name} has {n} cases"
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=n, limit=limit)


def _irreversible_parts_can_be_restored(
    manifest: Manifest, tier: TierPolicy, changed_parts: Collection[str], today: date
) -> Finding:
    declared = {p: how for p, how in manifest.reversibility.items() if p in changed_parts}
    wrong = []
    for part, reversal in sorted(declared.items()):
        if reversal.rollback_plan is None:
            wrong.append(
                f"{part} cannot be rolled back: 'reversibility.{part}' has no rollback_plan"
            )
        elif why := _stale_drill(part, reversal.rollback_plan, tier.drill_age_days_max, today):
            wrong.append(why)
    drilled = ", ".join(sorted(declared))
    held = f"{drilled}: the restore was drilled" if drilled else "no changed part is irreversible"
    return _found("irreversible_parts_can_be_restored", wrong, held)


def _stale_drill(part: str, plan: RestorePlan, age_days_max: int, today: date) -> str:
    age = (today - plan.drilled_at).days
    if age < 0:
        return f"the restore drill of {part} is dated in the future ({plan.drilled_at})"
    if age > age_days_max:
        allowed = f"at most {age_days_max} are allowed"
        return f"the restore of {part} was last drilled {age} days ago, {allowed}"
    return ""


def _handbook_is_approved_by_main(manifest: Manifest, main: Manifest | None) -> Finding:
    """A release must not choose the edition that its groundedness is scored against."""
    rule = "handbook_is_approved_by_main"
    if main is None:
        return _yes(rule, f"first release: {manifest.approved_handbook} becomes main's")
    if manifest.approved_handbook != main.approved_handbook:
        because = (
            f"the change moves approved_handbook from {main.approved_handbook} to"
            f" {manifest.approved_handbook}: a release is scored against main's"
        )
        return _no(rule, because)
    return _yes(rule, f"scored against {main.approved_handbook} as it is at main")


def _near(word: str, known: Collection[str]) -> str:
    hint = nearest(word, known)
    return f" ({hint})" if hint else ""


def _found(rule: str, wrong: list[str], held: str) -> Finding:
    return _no(rule, "; ".join(wrong)) if wrong else _yes(rule, held)


def _yes(rule: str, because: str) -> Finding:
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because)


def _no(rule: str, because: str) -> Finding:
    return Finding(rule=rule, outcome=Outcome.FAILED, because=because)


def _unknown(rule: str, because: str) -> Finding:
    return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=because)
