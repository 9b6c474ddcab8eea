"""Policy lint: every demand has a finding of its own, and says what is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from release_assets.domain.errors import InputError
from release_assets.domain.files.manifest import read_manifest
from release_assets.domain.files.manifest_lint import lint_manifest
from release_assets.domain.files.models import PriceTable, TokenPrices, read_models
from release_assets.domain.files.policy import read_policy
from release_assets.domain.finding import Outcome
from release_assets.domain.rollout.plan import read_rollout_plan
from release_assets.domain.verdict import conclude

EXAMPLE = Path(__file__).parents[3] / "examples/policy-search"
MANIFEST = """\
feature: policy-search
owner: team-people-platform
risk_tier: medium
serve: policy_search.serve
code: policy_search
model: {name: extractive-bm25, revision: "3"}
prompts: {answer: prompts/answer.yaml}
index: handbook/2026
approved_handbook: handbook/2026
prices: prices.yaml
traffic: {calls_per_second: 30, scores_per_hour: 90000}
suites: {smoke: s, production: p, adversarial: a, fairness: f, benchmark: b}
scorers: {groundedness: "1"}
budgets: {latency_p50_ms_max: 200, latency_p95_ms_max: 800, cost_per_call_usd_max: 0.014}
rollout_plan: rollouts/policy-search-v1.yaml
"""
SIZES = {"smoke": 20, "production": 200, "adversarial": 60, "fairness": 300, "benchmark": 50}
DRILL = "reversibility: {index: {rollback_plan: {restore: [make index], drilled_at: 2026-10-01}}}\n"


def manifest(old="", new="", more=""):
    return read_manifest(MANIFEST.replace(old, new) + more, file="feature.yaml")


def lint(of=None, **changed):
    given = {
        "models": read_models((EXAMPLE / "models.yaml").read_text(), file="models.yaml"),
        "policy": read_policy((EXAMPLE / "policy.yaml").read_text(), file="policy.yaml"),
        "plan": read_rollout_plan(
            (EXAMPLE / "rollouts/policy-search-v1.yaml").read_text(), file="plan.yaml"
        ),
        "prices": PriceTable(usd_per_million_tokens=TokenPrices(input=25, output=75)),
        "suites": SIZES,
        "slices": {"locale"},
        "changed_parts": {"code"},
        "main": manifest(),
        "today": date(2026, 11, 23),
    }
    findings = lint_manifest(of or manifest(), **(given | changed))
    return {finding.rule: finding for finding in findings}


def assert_only_failure(findings, rule, because):
    failed = {name for name, finding in findings.items() if finding.outcome is Outcome.FAILED}
    assert failed == {rule}
    assert findings[rule].because == because


def test_a_manifest_in_order_passes_every_rule():
    findings = lint()
    assert len(findings) == 12
    assert conclude("policy_lint", findings.values()).is_passed


def test_an_unregistered_model_is_named_with_the_nearest_one():
    findings = lint(manifest("extractive-bm25", "extractive-bm52"))
    because = "model 'extractive-bm52' is not registered (did you mean 'extractive-bm25'?)"
    assert_only_failure(findings, "model_is_registered", because)
    assert findings["model_is_approved"].outcome is Outcome.INCONCLUSIVE


def test_an_unregistered_revision_is_named_with_those_that_are():
    findings = lint(manifest('revision: "3"', 'revision: "4"'))
    because = "revision '4' of 'extractive-bm25' is not registered; registered are 2, 3"
    assert_only_failure(findings, "model_is_registered", because)


def test_a_model_is_only_approved_for_its_tiers():
    findings = lint(manifest('revision: "3"', 'revision: "2"'))
    because = "'extractive-bm25' is approved for low, not for medium"
    assert_only_failure(findings, "model_is_approved", because)


def test_a_model_past_its_end_of_life_is_not_approved():
    findings = lint(today=date(2028, 1, 1))
    because = "'extractive-bm25' reached its end of life on 2027-12-31"
    assert_only_failure(findings, "model_is_approved", because)
    assert lint(today=date(2027, 12, 31))["model_is_approved"].outcome is Outcome.PASSED


def test_a_model_without_a_price_is_not_free():
    findings = lint(prices=InputError("is empty", file="prices.yaml", line=1))
    because = "'extractive-bm25' has no price: prices.yaml:1: is empty"
    assert_only_failure(findings, "model_is_priced", because)


def test_a_plan_that_cannot_be_read_fails_with_its_line():
    findings = lint(plan=InputError("no stage reaches 100 %", file="plan.yaml", line=9))
    assert_only_failure(findings, "plan_can_be_followed", "plan.yaml:9: no stage reaches 100 %")
    assert findings["slo_metrics_are_emitted"].outcome is Outcome.INCONCLUSIVE


def test_an_slo_on_a_scorer_that_is_not_declared_is_never_silently_green():
    findings = lint(manifest("{groundedness:", "{grounded:"))
    because = (
        "'eval_groundedness_drift_max' needs the scorer 'groundedness', which is not declared"
        " (did you mean 'grounded'?)"
    )
    assert_only_failure(findings, "slo_metrics_are_emitted", because)


def test_an_slo_on_a_slice_that_no_call_carries_is_never_silently_green():
    because = (
        "'fairness_locale_delta_max' needs the slice 'locale', which no call carries"
        " (did you mean 'region'?)"
    )
    assert_only_failure(lint(slices={"region"}), "slo_metrics_are_emitted", because)


@pytest.mark.parametrize(
    ("suite", "n", "because"),
    [
        ("smoke", 9, "smoke has 9 cases, at least 10 are required"),
        ("smoke", 31, "smoke has 31 cases, at most 30 are allowed, so that it stays fast"),
        ("production", 199, "production has 199 cases, at least 200 are required"),
        ("adversarial", 0, "adversarial has 0 cases, at least 40 are required"),
        ("fairness", 199, "fairness has 199 cases, at least 200 are required"),
        ("benchmark", 49, "benchmark has 49 cases, at least 50 are required"),
    ],
)
def test_a_suite_of_the_wrong_size_proves_nothing(suite, n, because):
    findings = lint(suites=SIZES | {suite: n})
    assert_only_failure(findings, f"{suite}_suite_is_large_enough", because)
    assert findings[f"{suite}_suite_is_large_enough"].n == n


def test_a_suite_that_the_manifest_does_not_name_is_missing():
    findings = lint(manifest("fairness: f, ", ""))
    because = "the manifest has no fairness suite; add it under 'suites'"
    assert_only_failure(findings, "fairness_suite_is_large_enough", because)


def test_a_suite_that_is_named_and_not_there_is_missing():
    findings = lint(suites={k: v for k, v in SIZES.items() if k != "fairness"})
    because = "f does not exist or cannot be read"
    assert_only_failure(findings, "fairness_suite_is_large_enough", because)


RESTORED = "irreversible_parts_can_be_restored"


def test_a_changed_irreversible_part_needs_a_restore_plan():
    bare = manifest(more="reversibility: {index: {}}\n")
    because = "index cannot be rolled back: 'reversibility.index' has no rollback_plan"
    assert_only_failure(lint(bare, changed_parts={"index"}), RESTORED, because)


def test_an_irreversible_part_that_did_not_change_needs_none():
    bare = manifest(more="reversibility: {index: {}}\n")
    assert lint(bare, changed_parts={"code"})[RESTORED].outcome is Outcome.PASSED


def test_a_part_that_comes_back_by_itself_needs_no_restore_plan():
    assert lint(changed_parts={"index"})[RESTORED].outcome is Outcome.PASSED


def test_a_drilled_restore_plan_is_accepted():
    finding = lint(manifest(more=DRILL), changed_parts={"index"})[RESTORED]
    assert (finding.outcome, finding.because) == (
        Outcome.PASSED,
        "index: the restore was drilled",
    )


def test_a_drill_of_long_ago_does_not_count():
    findings = lint(manifest(more=DRILL), changed_parts={"index"}, today=date(2027, 3, 1))
    because = "the restore of index was last drilled 151 days ago, at most 90 are allowed"
    assert_only_failure(findings, RESTORED, because)


def test_a_drill_in_the_future_does_not_count():
    findings = lint(manifest(more=DRILL), changed_parts={"index"}, today=date(2026, 9, 1))
    because = "the restore drill of index is dated in the future (2026-10-01)"
    assert_only_failure(findings, RESTORED, because)


def test_a_release_cannot_choose_what_it_is_scored_against():
    old_edition = manifest("approved_handbook: handbook/2026", "approved_handbook: handbook/2025")
    because = (
        "the change moves approved_handbook from handbook/2026 to handbook/2025:"
        " a release is scored against main's"
    )
    assert_only_failure(lint(old_edition), "handbook_is_approved_by_main", because)


def test_the_first_release_of_a_feature_brings_its_handbook():
    assert lint(main=None)["handbook_is_approved_by_main"].outcome is Outcome.PASSED


def test_a_tier_that_the_policy_does_not_list_is_refused():
    text = (EXAMPLE / "policy.yaml").read_text()
    low_only = read_policy(text[: text.index("  medium:")], file="policy.yaml")
    with pytest.raises(InputError, match=r"policy\.yaml has no tier 'medium'"):
        lint(policy=low_only)
