"""What every deployer does, whoever it is."""

from __future__ import annotations

import pytest

from release_assets.domain.errors import UnavailableError
from release_assets.domain.release import Release, ReleaseKey
from release_assets.ports import Environment
from resources.local.units.deployer import ProcessDeployer
from tests.ports.fake_deployer import FakeDeployer
from tests.ports.tiny_feature import tiny_release, tiny_repository, tiny_unit

STAGING, PRODUCTION = Environment.STAGING, Environment.PRODUCTION


class FakeWorld:
    def __init__(self) -> None:
        self.deployer = FakeDeployer()

    def release(self, number: int) -> Release:
        return Release(key=ReleaseKey("tiny", number), commit="c", unit=tiny_unit(str(number)))

    def release_that_reports(self, number: int, reports) -> Release:
        self.deployer.serves_instead = reports
        return self.release(number)

    def kill(self, release: Release, environment: Environment) -> None:
        self.deployer.die(release.digest, environment)


class LocalWorld:
    def __init__(self, folder) -> None:
        self._host = tiny_repository(folder)
        self.deployer = ProcessDeployer(
            str(folder / "units"),
            str(folder / "world.git"),
            str(folder / "prompts"),
            str(folder / "calls.jsonl"),
        )

    def release(self, number: int) -> Release:
        return tiny_release(self._host, number)

    def release_that_reports(self, number: int, reports) -> Release:
        return tiny_release(self._host, number, reports=reports)

    def kill(self, release: Release, environment: Environment) -> None:
        table = self.deployer._table
        name = next(p.name for p in table.running() if p.about["environment"] == environment)
        table.stop(name, grace_s=0)


@pytest.fixture(params=["fake", "processes"])
def world(request, tmp_path):
    if request.param == "fake":
        yield FakeWorld()
        return
    world = LocalWorld(tmp_path)
    yield world
    world.deployer.end_orphans()


def test_a_deployed_unit_runs_and_says_what_it_is(world):
    release = world.release(1)
    running = world.deployer.deploy(release, STAGING)
    assert (running.release, running.release_digest) == ("tiny-1", release.digest)
    assert running.environment is STAGING
    assert world.deployer.read_back(running.address) == release.unit
    assert world.deployer.running(STAGING) == (running,)


def test_deploying_again_finds_the_running_unit(world):
    release = world.release(1)
    assert world.deployer.deploy(release, STAGING) == world.deployer.deploy(release, STAGING)


def test_the_environments_run_units_of_their_own(world):
    release = world.release(1)
    staging = world.deployer.deploy(release, STAGING)
    production = world.deployer.deploy(release, PRODUCTION)
    assert staging.address != production.address
    world.deployer.retire(release.digest, STAGING)
    assert world.deployer.running(STAGING) == ()
    assert world.deployer.running(PRODUCTION) == (production,)


def test_two_releases_run_side_by_side(world):
    releases = [world.release(1), world.release(2)]
    running = [world.deployer.deploy(release, PRODUCTION) for release in releases]
    assert {r.release for r in world.deployer.running(PRODUCTION)} == {"tiny-1", "tiny-2"}
    reported = [world.deployer.read_back(r.address) for r in running]
    assert reported == [release.unit for release in releases]


def test_a_unit_that_reports_another_unit_is_refused_and_stopped(world):
    release = world.release_that_reports(1, tiny_unit("stale"))
    with pytest.raises(UnavailableError, match="code"):
        world.deployer.deploy(release, STAGING)
    assert world.deployer.running(STAGING) == ()


def test_a_retired_unit_is_gone_and_retiring_again_changes_nothing(world):
    release = world.release(1)
    address = world.deployer.deploy(release, STAGING).address
    for _ in range(2):
        world.deployer.retire(release.digest, STAGING)
        assert world.deployer.running(STAGING) == ()
    with pytest.raises(UnavailableError):
        world.deployer.read_back(address)


def test_a_killed_unit_is_started_anew_where_it_was(world):
    release = world.release(1)
    before = world.deployer.deploy(release, PRODUCTION)
    world.kill(release, PRODUCTION)
    assert world.deployer.running(PRODUCTION) == ()
    after = world.deployer.deploy(release, PRODUCTION)
    assert after.address == before.address
    assert after.workload != before.workload


def test_the_fake_has_the_faults_of_the_world():
    world = FakeWorld()
    world.deployer.lose_next_reply = True
    with pytest.raises(UnavailableError):
        world.deployer.deploy(world.release(1), STAGING)
    world.deployer.deploy(world.release(1), STAGING)
    assert world.deployer.deploys == 1
