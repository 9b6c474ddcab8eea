"""Notices are delivered at least once; one that cannot be delivered keeps nothing else waiting."""

from datetime import UTC, datetime

import pytest

from release_assets.domain.errors import (
    LedgerError,
    NotFoundError,
    UnavailableError,
    UnknownWordError,
)
from release_assets.ports import Notice
from sensors.outbox import outbox
from tests.phases.world import RELEASE
from tests.phases.worlds import adopted

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def notice(channel):
    return Notice(
        channel=channel,
        headline="taken off traffic",
        text="errors",
        release=RELEASE,
        dedup=f"brake:{channel}",
        at=NOW,
    )


@pytest.fixture
def world(world_at):
    world = world_at(adopted)
    for channel in ("slack:#one", "slack:#two"):
        world.store.enqueue(notice(channel))
    return world


def waiting(world):
    return [n.channel for n in world.store.undelivered()]


def test_what_waits_is_delivered_and_recorded(world, tick):
    tick(outbox, world)

    assert waiting(world) == []
    assert "slack:#one taken off traffic" in world.notifier.read()
    assert [b["channel"] for b in world.entries("notice")] == ["slack:#one", "slack:#two"]


def test_a_second_tick_delivers_nothing_again(world, tick):
    tick(outbox, world)
    tick(outbox, world)

    assert len(world.entries("notice")) == 2


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("slack is down"),
        NotFoundError("no such channel"),
        UnknownWordError("slak", ["slack", "pager"]),
    ],
    ids=lambda e: e.kind,
)
def test_a_notice_that_cannot_be_delivered_waits_and_blocks_no_other(
    world, tick, monkeypatch, error
):
    deliver = world.notifier.deliver

    def refuse_one(given):
        if given.channel == "slack:#one":
            raise error
        deliver(given)

    with monkeypatch.context() as broken:
        broken.setattr(world.notifier, "deliver", refuse_one)
        tick(outbox, world)
        assert waiting(world) == ["slack:#one"]
    tick(outbox, world)

    assert waiting(world) == []


def test_a_notice_that_could_not_be_recorded_is_delivered_again(world, tick, monkeypatch):
    """A person reading twice beats a person not reading."""

    def full(*_, **__):
        raise LedgerError("its disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(type(world.ledger), "append", full)
        with pytest.raises(LedgerError):
            tick(outbox, world)
    assert "slack:#one" in waiting(world)
    tick(outbox, world)

    assert waiting(world) == []
    assert [b["channel"] for b in world.entries("notice")] == ["slack:#one", "slack:#two"]
