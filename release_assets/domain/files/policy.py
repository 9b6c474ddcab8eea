"""The policy `policy.yaml`: what each risk tier demands of a release before it may move.

Decides what the file may contain; the rules that apply it are in `evals` and `sign_off`. Its digest
is part of every verdict, so that a verdict can be recomputed under the policy of its day
(SOC 2 CC8.1). There are no defaults for thresholds: what is not written is not allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AwareDatetime, Field

from release_assets.domain.documents import FileRecord, Located, read_located
from release_assets.domain.errors import InputError
from release_assets.domain.release import (
    RiskTier,
    digest_of_document,
)

if TYPE_CHECKING:
    from datetime import datetime

Share = Annotated[float, Field(gt=0, lt=1)]
Floor = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
PreMergeEvidence = Literal[
    "code_health", "eval_smoke", "policy_lint", "security_scan", "prompt_registry"
]
StagingEvidence = Literal[
    "deployment",
    "eval_suite",
    "adversarial_suite",
    "fairness_slices",
    "cost_latency",
    "contracts",
]
AttackFamily = Literal[
    "jailbreak", "role_play", "indirect_injection", "prompt_leak", "over_refusal"
]
SignOffRole = Literal["release_manager", "ai_risk_partner"]


class RequiredEvidence(FileRecord):
    """Which evidence a tier asks for; not applied yet: `pipeline.py` lists what gates need."""

    pre_merge: Annotated[tuple[PreMergeEvidence, ...], Field(min_length=1)]
    staging: Annotated[tuple[StagingEvidence, ...], Field(min_length=1)]


class RegressionPolicy(FileRecord):
    """Against main: `margin` in score points; `alpha` is the share of good releases stopped.

    `repeats` runs of each case on both sides, added up to `repeats_max` while undecided.
    `confirmed_flips` is read and not applied yet: two fail a suite.
    """

    margin: Share
    alpha: Share
    repeats: Count
    repeats_max: Count
    confirmed_flips: Count


class SmokePolicy(FileRecord):
    """How large the smoke suite may be, and how often each of its cases is run."""

    cases_min: Count
    cases_max: Count
    repeats: Count


class SuiteSizes(FileRecord):
    """The fewest cases of each suite that a verdict may rest on."""

    production_min: Count
    adversarial_min: Count
    fairness_min: Count
    benchmark_min: Count


class FairnessPolicy(FileRecord):
    """Which slices are compared, the largest gap of a group, and the smallest judged group."""

    slices: Annotated[tuple[Text, ...], Field(min_length=1)]
    gap_max: Share
    group_cases_min: Count


class AdversarialPolicy(FileRecord):
    """The least share of attacks of each family that must be withstood; the worst decides."""

    floors: dict[AttackFamily, Floor]


class MainBudgets(FileRecord):
    """How much slower and dearer than main a release may be, as shares of main's figures."""

    slower_than_main_max: Share
    dearer_than_main_max: Share


class SignOffPolicy(FileRecord):
    """Who signs: one signatory in each role; and how many reviewers who did not contribute."""

    roles: Annotated[tuple[SignOffRole, ...], Field(min_length=1)]
    independent_reviewers: Count
    expires_hours: Annotated[float, Field(gt=0, le=8)]


class ManualRollback(FileRecord):
    """A named fail-open switch: plans of this tier may set `auto_rollback: false`, and why."""

    because: Text


class TierPolicy(FileRecord):
    """All that one risk tier demands."""

    evidence: RequiredEvidence
    regression: RegressionPolicy
    smoke: SmokePolicy
    suites: SuiteSizes
    fairness: FairnessPolicy
    adversarial: AdversarialPolicy
    budgets: MainBudgets
    sign_off: SignOffPolicy
    drill_age_days_max: Count
    allow_manual_rollback: ManualRollback | None = None


class FreezeWindow(FileRecord):
    """No rollout starts and no traffic rises in it; the brake works as ever."""

    starts: AwareDatetime
    ends: AwareDatetime
    because: Text

    def holds(self, now: datetime) -> bool:
        """Whether a time lies in it; its end does not."""
        return self.starts <= now < self.ends


class Policy(FileRecord):
    """The whole policy; a release of a tier that it does not list is refused."""

    tiers: Annotated[dict[RiskTier, TierPolicy], Field(min_length=1)]
    freeze_windows: tuple[FreezeWindow, ...] = ()

    def tier(self, tier: RiskTier) -> TierPolicy:
        """Return what a tier demands; raises `InputError` when the policy does not list it."""
        if tier not in self.tiers:
            hint = f"add it under 'tiers', beside {', '.join(sorted(self.tiers))}"
            raise InputError(f"policy.yaml has no tier '{tier}'", hint=hint)
        return self.tiers[tier]

    def freeze_at(self, now: datetime) -> FreezeWindow | None:
        """Return the freeze window that holds now, if any."""
        return next((window for window in self.freeze_windows if window.holds(now)), None)

    def why_frozen(self, now: datetime) -> str | None:
        """Return why starting and raising are stopped now, if they are."""
        window = self.freeze_at(now)
        return f"until {window.ends:%Y-%m-%d %H:%M} UTC: {window.because}" if window else None

    @property
    def allows_manual_rollback(self) -> bool:
        """Whether a plan of any tier may set `auto_rollback: false`."""
        return any(tier.allow_manual_rollback for tier in self.tiers.values())

    @property
    def digest(self) -> str:
        """Equal for two files that mean the same."""
        return digest_of_document(self.model_dump(mode="json"))


def read_policy(text: str, *, file: str) -> Policy:
    """Read `policy.yaml`; raises `InputError` or `UnknownWordError` with file and line."""
    located = read_located(text, Policy, file=file)
    for tier, rules in located.record.tiers.items():
        _require_sense(located, tier, rules)
    for index, window in enumerate(located.record.freeze_windows):
        if window.ends <= window.starts:
            message = "the freeze window ends before it starts"
            raise located.lines.error(message, "freeze_windows", index, "ends")
    return located.record


def _require_sense(located: Located[Policy], tier: RiskTier, rules: TierPolicy) -> None:
    """Refuse numbers that contradict each other, and an attack family without a floor."""
    at = ("tiers", tier.value)
    if rules.regression.repeats_max < rules.regression.repeats:
        message = "'repeats_max' is less than 'repeats'"
        raise located.lines.error(message, *at, "regression", "repeats_max")
    if rules.smoke.cases_max < rules.smoke.cases_min:
        message = "'cases_max' is less than 'cases_min'"
        raise located.lines.error(message, *at, "smoke", "cases_max")
    missing = [f for f in get_args(AttackFamily) if f not in rules.adversarial.floors]
    if missing:
        message = f"the attack family '{missing[0]}' has no floor; add one"
        raise located.lines.error(message, *at, "adversarial", "floors")
