"""Traffic rises only stage by stage, each through its own run and gate."""

import sqlite3
from dataclasses import replace

import pytest

from release_assets.domain.rollout.machine import RolloutState
from release_assets.partitions import STAGES, canary_stage_key
from release_assets.ports import PromptPointers
from tests.phases.world import RELEASE


def test_the_first_stage_begins_the_rollout_with_its_share(promoted_world):
    ran = promoted_world.run_stage("enter_stage", 0)
    rollout = promoted_world.store.rollout(RELEASE)

    assert ran.is_success, ran.failures
    assert promoted_world.router.traffic.candidate_pct == 1
    assert (rollout.state, rollout.stage) == (RolloutState.RAMPING, 0)
    assert rollout.stable_digest == promoted_world.router.traffic.stable_digest


def test_intent_stands_before_the_act_and_observation_after_it(ramping_world):
    kinds = [e.kind for e in ramping_world.ledger.entries(release=RELEASE)]
    intent = ramping_world.entries("intent")[-1]
    seen = ramping_world.entries("observation")[-1]

    assert kinds[-4:] == ["intent", "rollout", "observation", "evidence"]
    assert (intent["act"], float(intent["traffic_pct"])) == ("raise_traffic", 1)
    assert float(seen["traffic"]["candidate_pct"]) == 1
    assert seen["traffic"]["candidate"] == ramping_world.release().digest


def test_entering_a_stage_again_changes_nothing(ramping_world):
    before = ramping_world.store.rollout(RELEASE), ramping_world.router.traffic
    ran = ramping_world.run_stage("enter_stage", 0)

    assert ran.is_success, ran.failures
    assert (ramping_world.store.rollout(RELEASE), ramping_world.router.traffic) == before


def test_a_raise_whose_reply_was_lost_is_found_done(promoted_world):
    promoted_world.router.lose_next_reply = True
    assert not promoted_world.run_stage("enter_stage", 0).is_success
    ran = promoted_world.run_stage("enter_stage", 0)

    assert ran.is_success, ran.failures
    assert promoted_world.router.history == [1]
    assert promoted_world.store.rollout(RELEASE).stage == 0


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_traffic_cannot_be_raised_out_of_turn(ramping_world, stage):
    ran = ramping_world.run_stage("enter_stage", stage)

    assert not ran.is_success
    assert "was never judged for this release digest" in ran.failures
    assert ramping_world.router.history[-1] == 1


def test_a_signed_release_that_was_not_promoted_gets_no_traffic(staged_world):
    """All its verdicts passed, sign-off too; then its deploy failed."""
    staged_world.sign()
    staged_world.deployer.reports[staged_world.release().digest] = None
    assert not staged_world.run("promote_release").is_success
    staged_world.deployer.reports.clear()
    ran = staged_world.run_stage("enter_stage", 0)

    assert not ran.is_success
    assert f"{RELEASE} is not on its rollout plan; promote it first" in ran.failures
    assert staged_world.router.history == []


def test_a_stage_that_the_plan_does_not_have_is_refused(promoted_world):
    promoted_world.instance.add_dynamic_partitions(STAGES.name, ["1-at-99pct"])
    ran = promoted_world.run("enter_stage", canary_stage_key(RELEASE, "1-at-99pct"))

    assert not ran.is_success
    assert "the plan has no canary stage '1-at-99pct'; it has 1-at-1pct" in ran.failures


def test_no_breach_so_far_proves_no_stage(ramping_world):
    """A breach and a promotion are two hypotheses."""
    ramping_world.metrics.pairs_a_look = 20
    ramping_world.look(10)
    ran = ramping_world.run_stage("conclude_stage", 0)

    assert not ran.is_success
    assert "canary/stage_outcomes" not in ran.materialised
    gate = "canary/live_quality_holds@1-at-1pct"
    assert ramping_world.verdict(gate)["outcome"] == "inconclusive"
    assert "stage_proven" not in ramping_world.events()


def test_evidence_of_another_version_is_replayed_from_its_looks(ramping_world):
    """An upgrade in mid-ramp loses nothing: what was seen is stored beside what was made of it."""
    ramping_world.metrics.pairs_a_look = 300
    ramping_world.look(10)
    ramping_world.look(10)
    watch, rollout = ramping_world.composition.watch, ramping_world.store.rollout(RELEASE)
    plan = ramping_world.book.repository.plan(
        ramping_world.release().key.feature, ramping_world.release().commit
    )
    before = watch.state(rollout, plan)
    with sqlite3.connect(ramping_world.folder.path / "releases.sqlite") as database:
        database.execute("update live_states set state = ?", ('{"version": 1}',))

    assert watch.state(rollout, plan) == before
    assert before.last_batch == 2
    assert ": advance, " in ramping_world.prove()


def test_a_proven_stage_opens_the_next_one(ramping_world):
    assert ": advance, " in ramping_world.prove()
    assert ramping_world.run_stage("conclude_stage", 0).is_success
    ran = ramping_world.run_stage("enter_stage", 1)

    assert ran.is_success, ran.failures
    assert ramping_world.router.history == [1, 10]
    assert ramping_world.events()[-2:] == ["stage_proven", "stage_entered"]
    assert ramping_world.store.rollout(RELEASE).stage == 1


def test_a_held_rollout_does_not_rise(ramping_world):
    """Held because the router gives less than planned; a person decides."""
    ramping_world.router.traffic = replace(ramping_world.router.traffic, candidate_pct=0.5)
    (summary,) = ramping_world.look()
    assert ": hold, " in summary
    ramping_world.router.traffic = replace(ramping_world.router.traffic, candidate_pct=1)
    ramping_world.prove()
    ramping_world.run_stage("conclude_stage", 0)
    ran = ramping_world.run_stage("enter_stage", 1)

    assert not ran.is_success
    assert ramping_world.router.traffic.candidate_pct == 1
    assert "held" in ramping_world.events()
    assert {n.channel for n in ramping_world.store.undelivered()} == {
        "slack:#ai-platform-incidents",
        "pager:ai-feature-on-call",
    }


def test_a_lost_release_store_starts_no_finished_release_again(braked_world):
    """The ledger decides: a rolled-back release gets no traffic, whatever the store forgot."""
    assert braked_world.run("roll_back_release").is_success
    (braked_world.folder.path / "releases.sqlite").unlink()
    reopened = braked_world.copy(braked_world.folder.path.with_name("reopened"))
    with reopened:
        ran = reopened.run_stage("enter_stage", 0)

    assert not ran.is_success
    assert "is not on its rollout plan" in ran.failures


def test_a_release_goes_its_way_once(braked_world):
    assert braked_world.run("roll_back_release").is_success
    ran = braked_world.run("promote_release")

    assert not ran.is_success
    assert f"{RELEASE} was rolled_back before; open a new change" in ran.failures
    assert braked_world.pointers == PromptPointers(
        stable=braked_world.pointers.stable, candidate=None
    )


def test_a_silent_candidate_holds_the_rollout_and_calls_a_person(ramping_world):
    """Nobody asks, or nobody is heard: time that nobody saw is not healthy time.

    Ten minutes of it hold a stage, or its longest time, here five.
    """
    ramping_world.look(10)
    ramping_world.metrics.calls = ramping_world.metrics.pairs_a_look = 0
    (waiting,) = ramping_world.look(90)
    healthy = ramping_world.store.rollout(RELEASE).healthy
    summaries = [ramping_world.look(60)[0] for _ in range(5)]

    assert ": wait, the last 90 s were not seen" in waiting
    held = [one for one in summaries if ": hold, " in one]
    assert [one.partition(": ")[2] for one in held] == ["hold, nothing was seen for 5.5 min"]
    assert ramping_world.store.rollout(RELEASE).healthy == healthy
    assert any("is held" in n.headline for n in ramping_world.store.undelivered())
