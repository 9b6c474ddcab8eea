"""New heads and merges are asked about once, and never more than ten at a time."""

import json
from datetime import UTC, datetime

import pytest

from release_assets.domain.people.change import Change, Merge
from sensors.merges import merges
from sensors.pull_requests import pull_requests
from tests.phases.world import RELEASE
from tests.phases.worlds import adopted, merged

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def asked(result):
    return [(r.job_name, r.partition_key) for r in result.run_requests]


def added(result):
    return {
        key for request in result.dynamic_partitions_requests or () for key in added_by(request)
    }


def added_by(request):
    return request.partition_keys


def test_a_new_head_asks_whether_it_may_merge(world_at, tick):
    world = world_at(adopted)
    change = world.open()
    result = tick(pull_requests, world)

    assert asked(result) == [("run_pre_merge", RELEASE)]
    assert added(result) == {RELEASE}
    (request,) = result.run_requests
    assert request.run_key == f"run_pre_merge:{RELEASE}:{change.head[:12]}"
    assert request.tags["countersign/author"] == "local:dev"


def test_a_head_is_asked_about_once_and_the_next_one_again(world_at, tick):
    world = world_at(adopted)
    change = world.open()
    first = tick(pull_requests, world)
    again = tick(pull_requests, world, first.cursor)
    head = world.host.commit(
        change.head,
        {"README.md": b"more\n"},
        author="dev <dev@example.com>",
        message="More",
        at=world.clock.now(),
    )
    world.host.push(101, "local:dev", head, at=world.clock.now())
    pushed = tick(pull_requests, world, again.cursor)

    assert asked(again) == []
    assert asked(pushed) == [("run_pre_merge", RELEASE)]


def test_without_changes_nothing_is_asked(world_at, tick):
    world = world_at(adopted)

    assert asked(tick(pull_requests, world)) == []
    assert asked(tick(merges, world)) == []


def test_a_merge_asks_whether_it_is_as_good_as_main_once(world_at, tick):
    world = world_at(merged)
    first = tick(merges, world)
    again = tick(merges, world, first.cursor)

    assert asked(first) == [("run_staging", RELEASE)]
    assert asked(again) == []
    assert asked(tick(pull_requests, world)) == [], "a merged change is not asked to merge"


def test_an_open_change_is_not_staged(world_at, tick):
    world = world_at(adopted)
    world.open()

    assert asked(tick(merges, world)) == []


class ManyChanges:
    """A host with 23 changes, all open or all merged."""

    def __init__(self, *, merged):
        self.merged = merged

    def changes(self):
        return tuple(self._change(number) for number in range(1, 24))

    def _change(self, number):
        merge = Merge(account="local:ben", commit=f"m{number}", tree="t", at=NOW)
        return Change(
            number=number,
            feature="policy-search",
            title="A change",
            author="local:dev",
            base="b",
            head=f"h{number}",
            tree="t",
            opened_at=NOW,
            commits=(),
            pushes=(),
            reviews=(),
            merge=merge if self.merged else None,
        )


@pytest.mark.parametrize(("sensor", "is_merged"), [(pull_requests, False), (merges, True)])
def test_ten_requests_a_tick_are_the_most_and_none_is_lost(
    world_at, tick, monkeypatch, sensor, is_merged
):
    world = world_at(adopted)
    world.ports.__dict__["git_host"] = ManyChanges(merged=is_merged)
    cursor, ticks = None, []
    for _ in range(4):
        result = tick(sensor, world, cursor)
        ticks.append([r.partition_key for r in result.run_requests])
        cursor = result.cursor

    assert [len(keys) for keys in ticks] == [10, 10, 3, 0]
    assert len({key for keys in ticks for key in keys}) == 23
    assert len(json.loads(str(cursor))) == 23
