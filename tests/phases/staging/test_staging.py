"""As good as main? Each claim is made to fail by one thing, and the gate stays shut."""

import json
from dataclasses import replace

import dagster as dg
import pytest

from release_assets.domain.errors import RefusedError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.release import digest_of
from release_assets.domain.verdict import conclude
from release_assets.pipeline import STAGING
from release_assets.ports import Environment
from tests.phases.doubles import Fault
from tests.phases.shut import assert_only_this_claim_fell
from tests.phases.world import RELEASE, ROOT

CONTRACT = f"{ROOT}/contracts/answer_given.json"


def spoil(world, fault):
    """Something is wrong with the release's answers, and with no other's."""
    world.engine.faults[world.release().digest] = fault
    return world.run("run_staging")


def test_a_release_as_good_as_main_passes_staging(merged_world):
    ran = merged_world.run("run_staging")

    assert ran.is_success
    assert {n: e.passed for n, e in ran.checks.items()} == {c.claim: True for c in STAGING.claims}
    assert merged_world.verdict("staging/gate")["outcome"] == "passed"
    assert merged_world.tickets.read(RELEASE).startswith("Staging passed")


def test_a_unit_that_serves_other_prompts_is_not_this_release(merged_world):
    release = merged_world.release()
    other = replace(release.unit, prompts=digest_of(b"other prompts"))
    merged_world.deployer.reports[release.digest] = other
    ran = merged_world.run("run_staging")

    assert_only_this_claim_fell(merged_world, ran, STAGING, "staging_runs_this_release")
    assert "prompts" in merged_world.verdict("staging/staging_runs_this_release")["headline"]


def test_a_release_that_answers_worse_than_main_is_stopped(merged_world):
    ran = spoil(merged_world, Fault(loses=lambda case: case.id.startswith("production-0")))

    assert_only_this_claim_fell(merged_world, ran, STAGING, "quality_holds_against_main")


def test_a_release_that_falls_for_one_kind_of_attack_is_stopped(merged_world):
    ran = spoil(merged_world, Fault(loses=lambda case: case.slices.get("attack") == "prompt_leak"))

    assert_only_this_claim_fell(merged_world, ran, STAGING, "attacks_are_refused")
    assert "prompt_leak" in merged_world.verdict("staging/attacks_are_refused")["headline"]


def test_a_release_that_serves_one_locale_worse_is_stopped(merged_world):
    def loses(case):
        return case.id.startswith("fairness-") and case.slices["locale"] == "ja-JP"

    ran = spoil(merged_world, Fault(loses=loses))

    assert_only_this_claim_fell(merged_world, ran, STAGING, "no_locale_is_left_behind")
    assert "ja-JP" in merged_world.verdict("staging/no_locale_is_left_behind")["headline"]


@pytest.mark.parametrize("fault", [Fault(cost_usd=0.02), Fault(latency_ms=2000.0)])
def test_a_release_over_its_budget_is_stopped(merged_world, fault):
    ran = spoil(merged_world, fault)

    assert_only_this_claim_fell(merged_world, ran, STAGING, "cost_and_latency_keep_the_budget")


def test_a_release_whose_events_break_their_contract_is_stopped(merged_world):
    merged_world.deployer.spoils = {"locale": "tlh"}
    ran = merged_world.run("run_staging")

    assert_only_this_claim_fell(merged_world, ran, STAGING, "events_keep_their_contract")
    message = json.dumps(merged_world.verdict("staging/events_keep_their_contract"))
    assert "locale" in message
    assert "tlh" not in message, "the events themselves are never kept"


def test_a_contract_that_its_consumers_cannot_read_is_stopped(world):
    contract = json.loads(world.read(CONTRACT))
    contract["properties"]["locale"]["enum"].append("nl-NL")
    world.open({CONTRACT: json.dumps(contract).encode()})
    world.review()
    assert world.run("run_pre_merge").is_success
    world.merge()
    ran = world.run("run_staging")

    assert_only_this_claim_fell(world, ran, STAGING, "events_keep_their_contract")


def test_cases_that_nobody_could_answer_are_inconclusive_and_block(merged_world):
    fails = Fault(fails=lambda case: case.id == "production-010")
    for digest in (merged_world.release().digest, merged_world.router.traffic.stable_digest):
        merged_world.engine.faults[digest] = fails
    ran = merged_world.run("run_staging")

    claim = "quality_holds_against_main"
    assert_only_this_claim_fell(merged_world, ran, STAGING, claim, outcome="inconclusive")


def test_a_release_without_events_is_inconclusive_and_blocks(merged_world, monkeypatch):
    monkeypatch.setattr(merged_world.deployer, "published_events", lambda *_: [])
    ran = merged_world.run("run_staging")

    claim = "events_keep_their_contract"
    assert_only_this_claim_fell(merged_world, ran, STAGING, claim, outcome="inconclusive")


def test_flipped_cases_are_asked_again_on_both_sides(merged_world):
    """One lost case of 240 is no regression, yet it is looked at."""
    spoil(merged_world, Fault(loses=lambda case: case.id == "production-010"))
    reading = merged_world.book.of(merged_world.release())
    rows = reading.newest_evidence("staging/eval_results")

    assert rows.body["summary"]["asked_again"] == ["production-010"]
    assert rows.body["summary"]["lost"] == ["production-010"]


def test_what_came_to_main_past_its_gate_is_not_deployed(world):
    """The host has a status that pre-merge passed; the ledger has no verdict."""
    change = world.open()
    world.review()
    held = Finding(rule="forged", outcome=Outcome.PASSED, because="trust me")
    world.host.post_status(change.head, "pre-merge", conclude("pre_merge/gate", [held]))
    world.merge()
    ran = world.run("run_staging")

    assert not ran.is_success
    assert "pre_merge/code_is_healthy was never judged" in ran.failures
    assert not world.deployer.runs(world.release().digest, Environment.STAGING)


def forge(world, asset, claim):
    """What anybody can do who reaches Dagster: report a passed check and a materialisation."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset.split("/")),
        check_name=claim,
        passed=True,
        metadata={},
        partition=RELEASE,
    )
    world.instance.report_runless_asset_event(evaluation)
    for name in (asset, "staging/gate", "sign_off/gate"):
        made = dg.AssetMaterialization(asset_key=name.split("/"), partition=RELEASE)
        world.instance.report_runless_asset_event(made)


def test_a_check_forged_in_dagster_opens_nothing(merged_world):
    spoil(merged_world, Fault(loses=lambda case: case.id.startswith("production-0")))
    forge(merged_world, "staging/eval_results", "quality_holds_against_main")

    with pytest.raises(RefusedError, match="staging/gate was never judged"):
        merged_world.sign()
    ran = merged_world.run("promote_release")
    assert not ran.is_success
    assert "canary/rollout" not in ran.materialised
    assert not merged_world.deployer.runs(merged_world.release().digest)


def test_a_forged_check_does_not_stand_in_for_the_quorum(staged_world):
    forge(staged_world, "sign_off/sign_offs", "quorum_is_complete")
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    assert "canary/rollout" not in ran.materialised
    assert staged_world.router.history == []
