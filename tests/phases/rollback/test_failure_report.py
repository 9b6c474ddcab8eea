"""What follows when a phase did not pass: merge shut, staging taken back, people notified."""

import pytest

from release_assets.domain.errors import RefusedError, UnavailableError
from release_assets.jobs import PHASE_TAG, RUN_TAG
from release_assets.ports import Environment
from tests.phases.doubles import Fault
from tests.phases.world import RELEASE


def report(world, ran, phase):
    """The run that `failed_phases` asks for."""
    tags = {PHASE_TAG: phase, RUN_TAG: ran.result.run_id}
    done = world.run("report_failed_phase", **tags)
    assert done.is_success, done.failures
    return done


def notice_to_author(world):
    (notice,) = world.store.undelivered()
    return notice


def test_a_failed_pre_merge_blocks_the_merge_where_the_button_is(world):
    world.open()
    world.review()
    world.engine.faults[world.release().digest] = Fault(loses=lambda case: case.critical)
    report(world, world.run("run_pre_merge"), "pre_merge")

    posted = world.host.statuses(world.release().commit)["pre-merge"]
    assert posted["outcome"] == "failed"
    assert "critical case" in posted["headline"]
    with pytest.raises(RefusedError, match="'pre-merge' of its head is failed"):
        world.merge()


def test_the_author_is_notified_why_the_merge_is_blocked(world):
    world.lint.crashed = "not installed"
    world.open(author="dev")
    report(world, world.run("run_pre_merge"), "pre_merge")

    assert notice_to_author(world).channel == "slack:@dev"
    assert "lint did not do its work: not installed" in notice_to_author(world).text
    assert "lint did not do its work" in world.tickets.read(RELEASE)


def fail_staging(world):
    lost = {"production-010", "production-011"}
    world.engine.faults[world.release().digest] = Fault(loses=lambda case: case.id in lost)
    return world.run("run_staging")


def test_a_regression_takes_staging_back_by_itself(merged_world):
    world = merged_world
    ran = fail_staging(world)
    digest = world.release().digest
    assert world.deployer.runs(digest, Environment.STAGING)
    report(world, ran, "staging")

    assert not world.deployer.runs(digest, Environment.STAGING)
    assert world.events() == ["staging_rolled_back"]
    assert world.verdict("staging/gate")["outcome"] == "failed"


def test_the_author_is_notified_which_cases_were_lost(merged_world):
    report(merged_world, fail_staging(merged_world), "staging")

    for text in (notice_to_author(merged_world).text, merged_world.tickets.read(RELEASE)):
        assert "Lost cases: production-010, production-011" in text


def test_a_report_that_runs_twice_notifies_the_author_once(merged_world):
    ran = fail_staging(merged_world)
    report(merged_world, ran, "staging")
    report(merged_world, ran, "staging")

    assert notice_to_author(merged_world).channel == "slack:@dev"


def test_a_run_that_crashed_is_reported_as_a_crash(merged_world, monkeypatch):
    """A claim that was never judged is inconclusive, with where to look."""

    def died(*_):
        raise UnavailableError("no process can be started")

    monkeypatch.setattr(merged_world.deployer, "deploy", died)
    ran = merged_world.run("run_staging")
    report(merged_world, ran, "staging")

    verdict = merged_world.verdict("staging/gate")
    assert verdict["outcome"] == "inconclusive"
    assert f"reached no verdict in run {ran.result.run_id[:8]}" in verdict["headline"]


def test_a_release_that_failed_staging_cannot_be_signed(merged_world):
    report(merged_world, fail_staging(merged_world), "staging")

    with pytest.raises(RefusedError, match="staging/gate: failed"):
        merged_world.sign()
