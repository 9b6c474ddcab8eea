"""What every traffic router does, whoever it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from release_assets.domain.errors import ConflictError, UnavailableError
from release_assets.ports import Traffic
from resources.local.router.caddy import CaddyRouter
from resources.local.units.loopback_ports import free_port
from resources.local.units.processes import ProcessTable
from tests.ports.fake_traffic_router import FakeTrafficRouter

STABLE, CANDIDATE = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
STABLE_AT, CANDIDATE_AT = "http://127.0.0.1:9", "http://127.0.0.1:10"


@pytest.fixture(params=["fake", "caddy"])
def router(request, tmp_path):
    if request.param == "fake":
        yield FakeTrafficRouter(STABLE, STABLE_AT)
        return
    table = ProcessTable(str(tmp_path / "processes"))
    admin, front = (f"127.0.0.1:{free_port()}" for _ in range(2))
    caddy = CaddyRouter(admin, front, str(tmp_path / "caddy"))
    try:
        caddy.write_start_file(STABLE, STABLE_AT)
        table.start("caddy", caddy.start_command(), environment=caddy.start_environment())
        caddy.wait_until_up()
        yield caddy
    finally:
        table.end_orphans(grace_s=0)


def at(pct: float) -> Traffic:
    return Traffic(
        stable_digest=STABLE,
        stable_address=STABLE_AT,
        candidate_digest=CANDIDATE if pct else None,
        candidate_address=CANDIDATE_AT if pct else None,
        candidate_pct=pct,
    )


def shares(traffic: Traffic) -> Traffic:
    return replace(traffic, revision="")


def test_the_stable_release_starts_with_all_traffic(router):
    assert shares(router.read()) == at(0)


@pytest.mark.parametrize("pct", [0.5, 1, 10, 33.3, 50, 100])
def test_a_share_is_read_back_exactly(router, pct):
    assert shares(router.shift(router.read(), at(pct))) == at(pct)
    assert shares(router.read()) == at(pct)


def test_a_shift_from_a_share_that_no_longer_holds_is_a_conflict(router):
    before = router.read()
    router.shift(before, at(10))
    with pytest.raises(ConflictError):
        router.shift(before, at(50))
    assert shares(router.read()) == at(10)


def test_a_shift_repeated_after_a_lost_reply_changes_nothing(router):
    before = router.read()
    once = router.shift(before, at(10))
    assert router.shift(before, at(10)) == once


def test_the_brake_takes_all_traffic_from_the_candidate(router):
    router.shift(router.read(), at(50))
    assert shares(router.brake(CANDIDATE)) == at(0)
    assert shares(router.read()) == at(0)


def test_the_brake_takes_a_candidate_at_full_traffic_back_to_the_stable_release(router):
    router.shift(router.read(), at(100))
    assert shares(router.brake(CANDIDATE)) == at(0)


def test_braking_twice_changes_nothing(router):
    router.shift(router.read(), at(50))
    once = router.brake(CANDIDATE)
    assert router.brake(CANDIDATE) == once


def test_the_brake_of_another_release_leaves_this_candidate_alone(router):
    router.shift(router.read(), at(50))
    assert shares(router.brake(f"sha256:{'c' * 64}")) == at(50)


def test_a_shift_that_expects_the_share_before_the_brake_is_a_conflict(router):
    ramped = router.shift(router.read(), at(10))
    router.brake(CANDIDATE)
    with pytest.raises(ConflictError):
        router.shift(ramped, at(50))
    assert shares(router.read()) == at(0)


def test_the_candidate_becomes_stable(router):
    now = router.shift(router.read(), at(100))
    done = replace(at(0), stable_digest=CANDIDATE, stable_address=CANDIDATE_AT)
    assert shares(router.shift(now, done)) == done


def test_a_router_that_does_not_answer_is_unavailable(tmp_path):
    admin, front = (f"127.0.0.1:{free_port()}" for _ in range(2))
    caddy = CaddyRouter(admin, front, str(tmp_path))
    for act in (caddy.read, lambda: caddy.brake(CANDIDATE), lambda: caddy.shift(at(0), at(1))):
        with pytest.raises(UnavailableError):
            act()


@pytest.mark.parametrize("fault", ["lose_next_reply", "other_writer"])
def test_the_fake_has_the_faults_of_the_world(fault):
    fake = FakeTrafficRouter(STABLE, STABLE_AT)
    setattr(fake, fault, at(10) if fault == "other_writer" else True)
    expected = {"lose_next_reply": UnavailableError, "other_writer": ConflictError}[fault]
    before = fake.read()
    with pytest.raises(expected):
        fake.shift(before, at(50))
    if fault == "lose_next_reply":
        assert shares(fake.shift(before, at(50))) == at(50)
