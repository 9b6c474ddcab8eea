"""Who says yes? Without the quorum a promotion ends as a refusal that says what is lacking."""

import dagster as dg
import pytest

from release_assets.canary import rollout
from release_assets.domain.people.roster import Role
from release_assets.domain.release import ReleaseKey
from tests.phases.doubles import Fault
from tests.phases.world import QUIET, RELEASE

POLICY = "policy.yaml"


def assert_nothing_moved(world):
    """No unit, no traffic, no pointer, and nothing about it in the ledger."""
    assert not world.deployer.runs(world.release().digest)
    assert world.router.history == []
    assert world.pointers.candidate is None
    assert "promoted" not in world.events()


def test_a_signed_off_release_is_put_on_its_plan_without_traffic(staged_world):
    assert staged_world.sign("rosa").is_passed
    ran = staged_world.run("promote_release")
    release = staged_world.release()

    assert ran.is_success, ran.failures
    assert staged_world.deployer.runs(release.digest)
    assert staged_world.router.traffic.candidate_pct == 0
    assert staged_world.pointers.candidate == release.unit.prompts


def test_the_promotion_says_who_wrote_reviewed_and_signed(promoted_world):
    (promoted,) = (b for b in promoted_world.entries("rollout") if b["event"] == "promoted")

    assert promoted["people"]["authored_by"] == ["dev"]
    assert promoted["people"]["reviewed_by"] == ["ben", "chloe"]
    assert promoted["people"]["signed_by"] == ["rosa"]
    assert promoted["people"]["executed_by"].startswith("dagster run ")


def test_a_launch_without_sign_off_ends_as_needs_sign_off(staged_world):
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    quorum = ran.checks["quorum_is_complete"]
    assert quorum.description == "inconclusive: needs the sign-off of a release manager"
    assert_nothing_moved(staged_world)


def test_a_person_without_the_role_may_not_sign(staged_world):
    verdict = staged_world.sign("dev")
    ran = staged_world.run("promote_release")

    assert verdict.outcome == "failed"
    (refusal,) = staged_world.entries("refusal")
    assert (refusal["act"], refusal["person"]) == ("sign_off", "dev")
    assert not ran.is_success
    assert_nothing_moved(staged_world)


def test_a_no_blocks_whatever_else_was_said(staged_world):
    staged_world.sign("rosa")
    staged_world.clock.wait(60)
    staged_world.sign("iris", role=Role.AI_RISK_PARTNER, no="the travel answers frighten me")
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    quorum = ran.checks["quorum_is_complete"].description
    assert "iris signed a no: the travel answers frighten me" in quorum
    assert_nothing_moved(staged_world)


def test_one_eval_that_ran_again_takes_the_sign_off_away(staged_world):
    staged_world.sign("rosa")
    staged_world.clock.wait(60)
    assert staged_world.run("run_staging").is_success
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    assert ran.checks["quorum_is_complete"].description.startswith("inconclusive: needs the sign")
    assert_nothing_moved(staged_world)


def test_a_sign_off_expires(staged_world):
    staged_world.sign("rosa")
    staged_world.clock.wait(8 * 3600 + 1)
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    assert_nothing_moved(staged_world)


def test_a_release_without_an_independent_review_is_not_promoted(world):
    """The host let it land on the word of a colleague who had pushed to it."""
    change = world.open()
    now = world.clock.now()
    head = world.host.commit(
        change.head,
        {"features/policy-search/prompts/guard.yaml": b"# b\n" + world.read(GUARD)},
        author="ben <ben@example.com>",
        message="More",
        at=now,
    )
    world.host.push(101, "local:ben", head, at=now)
    world.review(reviewers=("ben",))
    assert world.run("run_pre_merge").is_success
    world.merge()
    assert world.run("run_staging").is_success
    world.sign("rosa")
    ran = world.run("promote_release")

    assert not ran.checks["reviewers_are_independent"].passed
    assert_nothing_moved(world)


GUARD = "features/policy-search/prompts/guard.yaml"


def second_release(world):
    """Another good change, as far as signed off."""
    world.open({GUARD: b"# second\n" + world.read(GUARD)}, number=102)
    world.review(102)
    key = "policy-search-102"
    world.instance.add_dynamic_partitions("releases", [key])
    assert world.run("run_pre_merge", key).is_success
    world.merge(102)
    assert world.run("run_staging", key).is_success
    assert world.sign(release=key).is_passed
    return key


def test_a_release_waits_while_another_is_on_its_plan(promoted_world):
    """From the promotion on, even before the other one has its first call."""
    key = second_release(promoted_world)
    ran = promoted_world.run("promote_release", key)

    assert not ran.is_success
    assert f"{key} waits: {RELEASE} is still on its rollout plan" in ran.failures
    assert promoted_world.pointers.candidate == promoted_world.release().unit.prompts
    assert not promoted_world.deployer.runs(promoted_world.release(key).digest)


def test_promoting_again_after_a_lost_reply_changes_nothing(promoted_world):
    before = promoted_world.pointers, promoted_world.router.traffic
    ran = promoted_world.run("promote_release")

    assert ran.is_success, ran.failures
    assert (promoted_world.pointers, promoted_world.router.traffic) == before
    assert promoted_world.deployer.deploys == 0


def test_a_unit_that_is_not_this_release_is_not_promoted(staged_world):
    staged_world.sign("rosa")
    other = staged_world.book.repository.release(
        ReleaseKey("policy-search", 0), staged_world.host.first_commit()
    )
    staged_world.deployer.reports[staged_world.release().digest] = other.unit
    ran = staged_world.run("promote_release")

    assert not ran.is_success
    assert "prompts is not as expected" in ran.failures
    assert staged_world.pointers.candidate is None
    assert "promoted" not in staged_world.events()


def freeze(world, monkeypatch):
    """A freeze window in the policy at main, as a reviewed change would bring it there."""
    policy = world.book.repository.policy()
    text = world.read(POLICY).replace(
        b"freeze_windows: []",
        b"freeze_windows:\n"
        b"  - {starts: 2026-06-01T00:00:00Z, ends: 2026-06-03T00:00:00Z, because: year end}\n",
    )
    assert policy.freeze_windows == ()
    host_read = world.host.read_file

    def read(commit, path):
        return text if path == POLICY else host_read(commit, path)

    monkeypatch.setattr(world.host, "read_file", read)
    world.book.repository._documents.clear()


@pytest.mark.parametrize("station", ["staged", "promoted"])
def test_nothing_starts_and_nothing_rises_in_a_freeze_window(request, station, monkeypatch):
    world = request.getfixturevalue(f"{station}_world")
    freeze(world, monkeypatch)
    if station == "staged":
        world.sign("rosa")
        ran = world.run("promote_release")
    else:
        ran = world.run_stage("enter_stage", 0)

    assert not ran.is_success
    assert "frozen until 2026-06-03 00:00 UTC: year end" in ran.failures
    assert world.router.history == []


def test_the_brake_works_in_a_freeze_window(ramping_world, monkeypatch):
    freeze(ramping_world, monkeypatch)
    ramping_world.metrics.errors = 400
    (summary,) = ramping_world.look()

    assert ": brake, " in summary
    assert ramping_world.router.traffic.candidate_pct == 0


def test_a_release_that_fell_in_staging_cannot_be_promoted_by_hand(merged_world):
    losing = Fault(loses=lambda case: case.id.startswith("production-0"))
    merged_world.engine.faults[merged_world.release().digest] = losing
    merged_world.run("run_staging")
    ran = merged_world.run("promote_release")

    assert not ran.is_success
    assert_nothing_moved(merged_world)


def test_a_rollout_materialised_by_itself_reads_every_verdict_again(staged_world):
    """As somebody may do in the UI, past all checks of the job."""
    ports = staged_world.ports
    resources = {
        "recorder": staged_world.composition.recorder,
        "deployer": ports.deployer,
        "prompt_registry": ports.prompt_registry,
        "clock": ports.clock,
    }
    done = dg.materialize(
        [rollout.rollout],
        instance=staged_world.instance,
        partition_key=RELEASE,
        resources=resources,
        raise_on_error=False,
        run_config=QUIET,
    )

    assert not done.success
    message = str(done.failure_data_for_node("canary__rollout").error.cause)
    assert "sign_off/quorum_is_complete was never judged" in message
    assert_nothing_moved(staged_world)
