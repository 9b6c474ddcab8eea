"""A good release on its whole way: 1, 10, 50, 100 %, the watch, and then it is the stable one."""

from release_assets.audit.lineage import walk_lineage
from release_assets.domain.finding import Outcome
from release_assets.domain.history.lineage import judge_lineage
from release_assets.domain.rollout.machine import RolloutState
from tests.phases.world import RELEASE


def test_a_release_that_is_not_watched_cannot_complete(ramping_world):
    ran = ramping_world.run("complete_release")

    assert not ran.is_success
    assert f"{RELEASE} is not being watched at 100 %" in ran.failures
    assert ramping_world.router.traffic.candidate_pct == 1


def test_a_proven_release_becomes_the_stable_one(watching_world):
    world = watching_world
    old, new = world.router.traffic.stable_digest, world.release()
    assert world.store.rollout(RELEASE).state is RolloutState.WATCHING
    assert world.deployer.runs(old), "the old unit is kept warm during the watch"
    world.prove()
    ran = world.run("complete_release")

    assert ran.is_success, ran.failures
    assert world.router.history == [1, 10, 50, 100, 0]
    assert world.router.traffic.stable_digest == new.digest
    assert (world.pointers.stable, world.pointers.candidate) == (new.unit.prompts, None)
    assert not world.deployer.runs(old)
    assert world.store.rollout(RELEASE).state is RolloutState.COMPLETE
    assert world.book.stable("policy-search").release == RELEASE
    assert world.book.active_rollouts() == ()


def test_completing_again_changes_nothing(watching_world):
    watching_world.prove()
    assert watching_world.run("complete_release").is_success
    before = watching_world.router.traffic
    ran = watching_world.run("complete_release")

    assert ran.is_success, ran.failures
    assert watching_world.router.traffic == before
    assert watching_world.deployer.runs(watching_world.release().digest)


def test_a_breach_during_the_watch_brings_the_old_unit_back(watching_world):
    world = watching_world
    old = world.router.traffic.stable_digest
    world.metrics.errors = 1500
    (summary,) = world.look()

    assert ": brake, " in summary
    assert (world.router.traffic.stable_digest, world.router.traffic.candidate_pct) == (old, 0)
    assert world.run("roll_back_release").is_success
    assert world.deployer.runs(old)


def test_the_lineage_of_the_whole_way_is_pinned_and_agrees_with_the_ledger(world):
    world.open()
    world.review()
    assert world.run("run_pre_merge").is_success
    world.merge()
    assert world.run("run_staging").is_success
    world.sign()
    assert world.run("promote_release").is_success
    world.to_full_traffic()
    world.prove()
    assert world.run("complete_release").is_success
    verdict = judge_lineage(walk_lineage(world.instance, RELEASE, world.ledger.entries()))

    assert verdict.outcome is Outcome.PASSED, verdict.headline
    assert world.ledger.verify() == world.ledger.head()
