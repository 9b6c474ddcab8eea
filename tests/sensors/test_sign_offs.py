"""A yes in the ledger asks for a promotion: one at a time, and after the active rollout."""

import dagster as dg
import pytest

from release_assets.domain.triggers import Ready, next_promotion
from sensors.sign_offs import sign_offs
from tests.phases.sign_off.test_promotion import freeze, second_release
from tests.phases.world import RELEASE
from tests.phases.worlds import promoted, staged


def asked(result):
    return [r.partition_key for r in getattr(result, "run_requests", None) or ()]


def test_a_release_that_nobody_signed_is_not_asked_about(world_at, tick):
    assert asked(tick(sign_offs, world_at(staged))) == []


def test_a_signed_release_asks_to_be_promoted_once(world_at, tick):
    world = world_at(staged)
    world.sign()
    first = tick(sign_offs, world)

    assert asked(first) == [RELEASE]
    assert first.run_requests[0].job_name == "promote_release"
    assert asked(tick(sign_offs, world, first.cursor)) == []


def test_a_no_asks_for_nothing(world_at, tick):
    world = world_at(staged)
    world.sign(no="not this one")

    assert asked(tick(sign_offs, world)) == []


def test_a_refused_signature_asks_for_nothing(world_at, tick):
    world = world_at(staged)
    assert not world.sign("dev").is_passed

    assert asked(tick(sign_offs, world)) == []


def test_nothing_is_asked_while_a_release_is_on_the_road(world_at, tick):
    """From its promotion on, before its rollout has begun."""
    world = world_at(promoted)
    second_release(world)
    result = tick(sign_offs, world)

    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == f"{RELEASE} is on its rollout plan"


def test_nothing_is_asked_while_a_promotion_is_under_way(world_at, tick):
    world = world_at(staged)
    world.sign()
    run = dg.DagsterRun(job_name="promote_release", status=dg.DagsterRunStatus.STARTED)
    world.instance.add_run(run)

    assert asked(tick(sign_offs, world)) == []


def test_nothing_is_asked_in_a_freeze_window(world_at, tick, monkeypatch):
    world = world_at(staged)
    freeze(world, monkeypatch)
    world.sign()
    result = tick(sign_offs, world)

    assert isinstance(result, dg.SkipReason)
    assert "year end" in str(result.skip_message)


def test_a_further_signature_asks_again(world_at, tick):
    """It may be the one that completes the quorum."""
    world = world_at(staged)
    world.sign()
    first = tick(sign_offs, world)
    world.clock.wait(1)
    world.sign()
    second = tick(sign_offs, world, first.cursor)

    assert asked(first) == asked(second) == [RELEASE]
    assert first.run_requests[0].run_key != second.run_requests[0].run_key


READY = (
    Ready(release="policy-search-101", release_digest="sha256:a", signed=7),
    Ready(release="policy-search-102", release_digest="sha256:b", signed=9),
)


@pytest.mark.parametrize(
    ("promoted_digests", "handled", "expected"),
    [
        (set(), {}, "promote_release:policy-search-101:7"),
        ({"sha256:a"}, {}, "promote_release:policy-search-102:9"),
        (set(), {"policy-search-101": "promote_release:policy-search-101:7"},
         "promote_release:policy-search-102:9"),
    ],
    ids=["in order", "the promoted are done", "a refused one keeps no other waiting"],
)  # fmt: skip
def test_one_promotion_at_a_time(promoted_digests, handled, expected):
    requests, after = next_promotion(READY, promoted_digests, handled)

    assert [r.run_key for r in requests] == [expected]
    assert expected in after.values()


def test_when_all_were_asked_nothing_is():
    handled = {one.release: f"promote_release:{one.release}:{one.signed}" for one in READY}

    assert next_promotion(READY, set(), handled) == ((), handled)
