"""May this change merge? Each claim is made to fail by one thing, and the gate stays shut."""

import dagster as dg
import pytest

from release_assets.domain.errors import RefusedError, UnavailableError
from release_assets.pipeline import PRE_MERGE
from release_assets.pre_merge import code_health, gate
from tests.phases.doubles import Fault
from tests.phases.shut import assert_only_this_claim_fell
from tests.phases.world import ANSWER, QUIET, RELEASE, ROOT

CODE = f"{ROOT}/policy_search/text.py"
FEATURE_FILE = f"{ROOT}/feature.yaml"


def judge(world, files=None):
    world.open(files)
    world.review()
    return world.run("run_pre_merge")


def test_a_good_change_may_merge(world):
    ran = judge(world)

    assert ran.is_success
    assert {name: e.passed for name, e in ran.checks.items()} == {
        c.claim: True for c in PRE_MERGE.claims
    }
    assert world.host.statuses(world.release().commit)["pre-merge"]["outcome"] == "passed"
    assert world.merge().account == "local:ben"


def test_a_change_that_lint_refuses_may_not_merge(world):
    ran = judge(world, {CODE: world.read(CODE) + b"# wrong\n"})

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "code_is_healthy")
    with pytest.raises(RefusedError, match="'pre-merge' of its head is missing"):
        world.merge()


def test_a_change_that_loses_a_core_flow_may_not_merge(world):
    world.open()
    world.engine.faults[world.release().digest] = Fault(loses=lambda case: case.critical)
    ran = world.run("run_pre_merge")

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "core_flows_hold")


def test_a_change_to_a_model_that_nobody_registered_may_not_merge(world):
    manifest = world.read(FEATURE_FILE).replace(b'revision: "3"', b'revision: "99"')
    ran = judge(world, {FEATURE_FILE: manifest})

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "manifest_keeps_the_policy")
    assert "99" in world.verdict("pre_merge/manifest_keeps_the_policy")["headline"]


def test_a_change_to_a_plan_without_teeth_may_not_merge(world):
    """A file that cannot be read is a finding beside the others, with its line."""
    path = "rollouts/policy-search-demo.yaml"
    plan = world.read(path).replace(b"eval_groundedness_drift_max", b"eval_groundednes_drift_mx")
    ran = judge(world, {path: plan, ANSWER: b"# more\n" + world.read(ANSWER)})

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "manifest_keeps_the_policy")
    assert f"{path}:" in world.verdict("pre_merge/manifest_keeps_the_policy")["headline"]


def test_a_prompt_that_the_code_never_fills_may_not_merge(world):
    prompt = world.read(ANSWER).replace(b"[{citation}]", b"[{citation}] {mood}")
    ran = judge(world, {ANSWER: prompt})

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "prompts_are_registered")


def test_a_change_that_holds_a_secret_may_not_merge(world):
    ran = judge(world, {CODE: world.read(CODE) + b"# secret\n"})

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "no_secret_and_no_dangerous_call")


@pytest.mark.parametrize(
    ("tool", "claim"),
    [("lint", "code_is_healthy"), ("secrets", "no_secret_and_no_dangerous_call")],
)
def test_a_tool_that_crashed_is_inconclusive_and_blocks(world, tool, claim):
    getattr(world, tool).crashed = "timed out after 600 s"
    ran = judge(world)

    assert_only_this_claim_fell(world, ran, PRE_MERGE, claim, outcome="inconclusive")
    assert "timed out after 600 s" in world.verdict(f"pre_merge/{claim}")["headline"]


def test_a_case_that_neither_side_could_answer_is_inconclusive_and_blocks(world):
    world.open()
    fails = Fault(fails=lambda case: case.id == "smoke-002")
    for digest in (world.release().digest, world.router.traffic.stable_digest):
        world.engine.faults[digest] = fails
    ran = world.run("run_pre_merge")

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "core_flows_hold", outcome="inconclusive")


def test_a_badly_formed_table_is_inconclusive_and_blocks(world):
    world.shape.broken = "the column 'score' is missing"
    ran = judge(world)

    assert_only_this_claim_fell(world, ran, PRE_MERGE, "core_flows_hold", outcome="inconclusive")


def test_an_engine_that_died_is_no_verdict_and_blocks(world, monkeypatch):
    """A crash is never a verdict."""

    def died(*_):
        raise UnavailableError("the engine died")

    monkeypatch.setattr(world.engine, "run", died)
    ran = judge(world)

    assert "the engine died" in ran.failures
    assert "pre_merge/gate" not in ran.materialised
    gates = [body["gate"] for body in world.entries("verdict")]
    assert "pre_merge/core_flows_hold" not in gates
    assert "pre_merge/gate" not in gates


def materialise(world, asset):
    """One asset by itself, as somebody may do in the UI, without its check."""
    ports = world.ports
    resources = {
        "recorder": world.composition.recorder,
        "git_host": ports.git_host,
        "code_checker": ports.code_checker,
    }
    return dg.materialize(
        [asset],
        instance=world.instance,
        partition_key=RELEASE,
        resources=resources,
        raise_on_error=False,
        run_config=QUIET,
    )


def test_a_verdict_on_replaced_evidence_opens_no_gate(world):
    assert judge(world).is_success
    assert materialise(world, code_health.code_health).success
    world.clock.wait(1)
    again = materialise(world, gate.gate)

    assert not again.success
    message = str(again.failure_data_for_node("pre_merge__gate").error.cause)
    assert "pre_merge/code_is_healthy was judged on evidence that has been replaced" in message


def test_a_verdict_about_another_head_opens_no_gate(world):
    """Evidence belongs to the digest that it was measured on."""
    change = world.open()
    assert world.run("run_pre_merge").is_success
    path, now = CODE, world.clock.now()
    head = world.host.commit(
        change.head,
        {path: world.read(path) + b"# further\n"},
        author="dev <dev@example.com>",
        message="More",
        at=now,
    )
    world.host.push(101, "local:dev", head, at=now)
    again = materialise(world, gate.gate)

    assert not again.success
    message = str(again.failure_data_for_node("pre_merge__gate").error.cause)
    assert message.count("was never judged for this release digest") == len(PRE_MERGE.claims)


def test_materialisations_name_their_ledger_entry_and_pin_their_inputs(world):
    ran = judge(world)
    entries = {e.seq: e for e in world.ledger.entries(release=RELEASE)}
    record = world.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(["pre_merge", "change"])), limit=1
    ).records[0]

    for asset, made in ran.materialised.items():
        entry = entries[int(made.metadata["ledger_entry"].value)]
        assert made.metadata["ledger_digest"].value == entry.digest, asset
        assert made.tags["ledger/entry"] == str(entry.seq)
        assert made.tags["release/digest"] == world.release().digest.replace(":", "-")[:63]
    pin = ran.materialised["pre_merge/code_health"].tags["lineage/pre_merge.change"]
    assert pin == f"{record.storage_id}.{record.run_id}"
    pinned = [t for t in ran.materialised["pre_merge/gate"].tags if t.startswith("lineage/")]
    assert len(pinned) == len(PRE_MERGE.claims)


def test_the_gate_rests_on_the_evidence_of_every_claim(world):
    judge(world)
    gate_verdict = world.verdict("pre_merge/gate")
    evidence = {e.digest: e.body for e in world.ledger.entries(kinds=("evidence",))}

    names = {evidence[d]["name"] for d in gate_verdict["evidence"]}
    assert names == {claim.evidence for claim in PRE_MERGE.claims}
