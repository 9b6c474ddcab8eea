"""Turns the policy of a risk tier into the rules that the judges of a suite take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.evals.adversarial import AdversarialRules
from release_assets.domain.evals.budgets import BudgetRules
from release_assets.domain.evals.differences import RegressionRules
from release_assets.domain.evals.fairness import FairnessRules

if TYPE_CHECKING:
    from release_assets.domain.files.manifest import Manifest
    from release_assets.domain.files.policy import TierPolicy


def regression_rules(tier: TierPolicy) -> RegressionRules:
    """Return the rules for production and smoke, over the suite and the policy's slices."""
    policy = tier.regression
    return RegressionRules(margin=policy.margin, alpha=policy.alpha, slices=tier.fairness.slices)


def adversarial_rules(tier: TierPolicy) -> AdversarialRules:
    """Return a floor for each attack family; the worst family decides."""
    return AdversarialRules(
        floors={str(family): floor for family, floor in tier.adversarial.floors.items()},
        regression=RegressionRules(alpha=tier.regression.alpha, slices=("attack",)),
    )


def fairness_rules(tier: TierPolicy) -> FairnessRules:
    """Return the rules for parallel cases, over each group of the policy's slices."""
    return FairnessRules(
        gap_limit=tier.fairness.gap_max,
        alpha=tier.regression.alpha,
        keys=tier.fairness.slices,
        smallest_group=tier.fairness.group_cases_min,
        regression=regression_rules(tier),
    )


def budget_rules(manifest: Manifest, tier: TierPolicy) -> BudgetRules:
    """Return the manifest's own budgets, and the policy's limits beside main."""
    budgets = manifest.budgets
    return BudgetRules(
        latency_p50_ms_max=budgets.latency_p50_ms_max,
        latency_p95_ms_max=budgets.latency_p95_ms_max,
        cost_per_call_usd_max=budgets.cost_per_call_usd_max,
        slower_by=tier.budgets.slower_than_main_max,
        dearer_by=tier.budgets.dearer_than_main_max,
    )
