"""The policy and the model registry: what is not written is not allowed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.files.models import read_models, read_prices
from release_assets.domain.files.policy import read_policy
from release_assets.domain.release import RiskTier

EXAMPLE = Path(__file__).parents[3] / "examples/policy-search"
POLICY = (EXAMPLE / "policy.yaml").read_text()
MODELS = (EXAMPLE / "models.yaml").read_text()
FREEZE = """\
freeze_windows:
  - starts: 2026-12-20T00:00:00Z
    ends: 2027-01-02T00:00:00Z
    because: nobody is here
"""


def policy_with(old, new):
    assert old in POLICY
    return read_policy(POLICY.replace(old, new, 1), file="policy.yaml")


def refusal(old, new):
    with pytest.raises(InputError) as caught:
        policy_with(old, new)
    return str(caught.value)


def test_the_shipped_policy_grows_stricter_with_the_tier():
    policy = read_policy(POLICY, file="policy.yaml")
    low, medium, high = (policy.tier(tier) for tier in RiskTier)
    floors = [tier.adversarial.floors["jailbreak"] for tier in (low, medium, high)]
    assert floors == sorted(floors)
    assert high.sign_off.roles == ("release_manager", "ai_risk_partner")
    assert (medium.sign_off.independent_reviewers, high.sign_off.independent_reviewers) == (1, 2)


def test_the_shipped_policy_leaves_no_rollback_to_a_person():
    policy = read_policy(POLICY, file="policy.yaml")
    assert all(policy.tier(tier).allow_manual_rollback is None for tier in RiskTier)


def test_a_manual_rollback_needs_its_reason():
    policy = policy_with("drill_age", "allow_manual_rollback: {because: no users}\n    drill_age")
    assert policy.tier(RiskTier.LOW).allow_manual_rollback.because == "no users"
    assert "'tiers.low.allow_manual_rollback.because' must be filled in" in refusal(
        "drill_age", "allow_manual_rollback: {because: ''}\n    drill_age"
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "margin: 0.05",
            "margin: 5",
            "'tiers.low.regression.margin' must be less than 1",
        ),
        ("margin: 0.05", "margin: 0", "must be more than 0, not 0"),
        ("margin: 0.05, ", "", "the key 'tiers.low.regression.margin' is missing"),
        ("repeats_max: 5", "repeats_max: 2", "'repeats_max' is less than 'repeats'"),
        ("cases_max: 30", "cases_max: 3", "'cases_max' is less than 'cases_min'"),
        ("prompt_leak: 0.85, ", "", "the attack family 'prompt_leak' has no floor"),
        (
            "pre_merge: [code_health, eval_smoke",
            "pre_merge: []#",
            "must be filled in, not an empty list",
        ),
        ("roles: [release_manager]", "roles: []", "must be filled in, not an empty list"),
        ("expires_hours: 8", "expires_hours: 24", "must be at most 8, not 24"),
        ("independent_reviewers: 1", "independent_reviewers: 0", "must be at least 1, not 0"),
    ],
)
def test_a_policy_without_teeth_is_refused(old, new, sentence):
    assert sentence in refusal(old, new)


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("  low:", "  lwo:", "low"),
        ("eval_smoke", "eval_smok", "eval_smoke"),
        ("{jailbreak:", "{jailbrake:", "jailbreak"),
        ("release_manager", "release_manger", "release_manager"),
        ("gap_max", "gap_maxx", "gap_max"),
    ],
)
def test_an_unknown_word_in_the_policy_is_refused_with_the_nearest(old, new, near):
    with pytest.raises(UnknownWordError) as caught:
        policy_with(old, new)
    assert caught.value.hint == f"did you mean '{near}'?"


def test_a_refusal_of_the_policy_names_the_line_that_is_wrong():
    line = POLICY[: POLICY.index("gap_max: 0.1")].count("\n") + 1
    assert refusal("gap_max: 0.1", "gap_max: 10").startswith(f"policy.yaml:{line}: ")


def test_a_tier_that_the_policy_does_not_list_cannot_release():
    text = POLICY[: POLICY.index("  medium:")]
    with pytest.raises(InputError, match=r"policy\.yaml has no tier 'high'"):
        read_policy(text, file="policy.yaml").tier(RiskTier.HIGH)


@pytest.mark.parametrize(
    ("day", "frozen"), [("2026-12-19", False), ("2026-12-20", True), ("2027-01-02", False)]
)
def test_a_freeze_window_holds_from_its_start_to_before_its_end(day, frozen):
    policy = policy_with("freeze_windows: []\n", FREEZE)
    assert (policy.freeze_at(datetime.fromisoformat(f"{day}T00:00Z")) is not None) is frozen


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("2027-01-02T00:00:00Z", "2026-12-01T00:00:00Z", "the freeze window ends before it starts"),
        ("2027-01-02T00:00:00Z", "2027-01-02 00:00:00", "with its zone"),
        ("2027-01-02T00:00:00Z", "soon", "must be a time like 2026-01-31T09:00:00Z"),
    ],
)
def test_an_impossible_freeze_window_is_refused(old, new, sentence):
    assert sentence in refusal("freeze_windows: []\n", FREEZE.replace(old, new))


def test_the_digest_of_a_policy_follows_its_meaning():
    policy = read_policy(POLICY, file="policy.yaml")
    assert policy_with("# What each", "# Which each").digest == policy.digest
    assert policy_with("margin: 0.05", "margin: 0.06").digest != policy.digest


def test_the_model_registry_knows_revisions_and_their_last_day():
    models = read_models(MODELS, file="models.yaml")
    entry = models.revisions("extractive-bm25")["2"]
    assert not entry.has_ended(date(2026, 12, 31))
    assert entry.has_ended(date(2027, 1, 1))
    assert models.names == {"extractive-bm25"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'revision: "2"',
            'revision: "3"',
            "duplicate entry for 'extractive-bm25' revision '3'",
        ),
        ("tiers: [low]", "tiers: []", "'models[2].tiers' must be filled in, not an empty list"),
        ("tiers: [low]", "tiers: [lwo]", "unknown word 'lwo' (did you mean 'low'?)"),
        ("2026-12-31", "2026-12-32", "'2026-12-32' is not a possible number or date"),
        ('revision: "2"', "revision: 2", "'models[2].revision' must be text, not 2"),
    ],
)
def test_an_impossible_model_registry_is_refused(old, new, sentence):
    with pytest.raises(InputError) as caught:
        read_models(MODELS.replace(old, new), file="models.yaml")
    assert sentence in str(caught.value)


def test_registries_of_the_same_content_have_the_same_digest():
    models = read_models(MODELS, file="models.yaml")
    assert read_models(f"# note\n{MODELS}", file="m").digest == models.digest


@pytest.mark.parametrize("price", ["0", "-1", "free"])
def test_an_unpriced_model_is_an_error_and_never_free(price):
    text = f"usd_per_million_tokens: {{input: {price}, output: 75}}\n"
    with pytest.raises(InputError, match=r"'usd_per_million_tokens\.input' must be"):
        read_prices(text, file="prices.yaml")
