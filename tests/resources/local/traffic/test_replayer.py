"""The same live call through both versions, scored alike, within a budget."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resources.local.router.caddy import CaddyRouter
from resources.local.traffic.replayer import Budget, Sessions
from resources.local.units.loopback_ports import free_port
from resources.local.units.processes import ProcessTable
from tests.resources.answering_unit import AnsweringUnit

STABLE, CANDIDATE = "sha256:stable", "sha256:candidate"
ROOT = Path(__file__).parents[4]
TEXT = "You get 30 days of paid leave in each year."
PASSAGE = {"id": "leave-01", "topic": "leave", "title": "Leave", "text": TEXT}
INVENTED = "You get 99 days of paid leave, and your manager adds 17 more."


def calls(locale: str, count: int) -> list[dict[str, Any]]:
    return [{"locale": locale, "n": n} for n in range(count)]


def test_a_budget_is_shared_equally_over_locales_that_have_enough():
    budget = Budget(10)
    offered = [*calls("en", 50), *calls("de", 50)]
    admitted = Counter(c["locale"] for _ in range(20) for c in budget.admit(offered, 0.1))
    assert admitted == {"en": 10, "de": 10}


def test_what_a_locale_cannot_use_goes_to_the_others():
    budget = Budget(10)
    admitted: Counter[str] = Counter()
    for _ in range(10):
        offered = [*calls("en", 50), *calls("ja", 1)]
        admitted.update(c["locale"] for c in budget.admit(offered, 1.0))
    assert admitted == {"en": 90, "ja": 10}


def test_a_locale_that_was_silent_does_not_take_all_when_it_speaks():
    budget = Budget(10)
    for _ in range(100):
        budget.admit(calls("en", 20), 1.0)
    admitted: Counter[str] = Counter()
    for _ in range(20):
        offered = [*calls("en", 20), *calls("ja", 20)]
        admitted.update(c["locale"] for c in budget.admit(offered, 1.0))
    assert abs(admitted["en"] - admitted["ja"]) <= 1


def test_a_budget_that_was_not_used_is_not_saved_up_for_longer_than_a_second():
    budget = Budget(10)
    assert budget.admit([], 60.0) == []
    assert len(budget.admit(calls("en", 100), 0.0)) == 10


def of_sessions(*names: str) -> list[dict[str, Any]]:
    return [{"session": name, "locale": "en", "call": str(at)} for at, name in enumerate(names)]


def test_each_session_gives_one_call():
    """Calls of one session are alike: as several observations they would count twice."""
    sessions = Sessions()
    waiting = sessions.waiting(of_sessions("a", "b", "a", "c"))
    assert [call["call"] for call in waiting] == ["0", "1", "3"]
    sessions.give(waiting[:2])
    assert [c["session"] for c in sessions.waiting(of_sessions("a", "b", "c"))] == ["c"]


def test_a_session_that_gave_nothing_may_give_a_later_call():
    sessions = Sessions()
    sessions.waiting(of_sessions("a"))
    assert len(sessions.waiting(of_sessions("a"))) == 1


def test_only_so_many_sessions_are_remembered():
    sessions = Sessions(most=2)
    sessions.give(of_sessions("a", "b", "c"))
    assert [c["session"] for c in sessions.waiting(of_sessions("a", "b", "c"))] == ["a"]


@pytest.fixture
def units():
    pair = [AnsweringUnit(STABLE, TEXT), AnsweringUnit(CANDIDATE, INVENTED)]
    yield pair
    for unit in pair:
        unit.close()


@pytest.fixture
def world(tmp_path, units):
    table = ProcessTable(str(tmp_path / "processes"))
    router = CaddyRouter(
        f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", str(tmp_path / "caddy")
    )
    try:
        router.write_start_file(STABLE, units[0].address)
        table.start("caddy", router.start_command(), environment=router.start_environment())
        router.wait_until_up()
        yield World(tmp_path, table, router)
    finally:
        table.end_orphans(grace_s=0)


class World:
    def __init__(self, folder, table, router) -> None:
        self.router, self._table, self._folder, self._live = router, table, folder, 0
        self.calls, self._pairs = folder / "calls.jsonl", folder / "pairs.jsonl"

    def start_replayer(self) -> None:
        handbook = self._folder / "en.jsonl"
        handbook.write_text(json.dumps(PASSAGE) + "\n")
        config = self._folder / "replayer.json"
        document = {
            "call_log": str(self.calls),
            "pairs": str(self._pairs),
            "admin": self.router._admin,
            "folder": str(self._folder / "caddy"),
            "pairs_per_second": 50,
            "handbook": {"en": str(handbook)},
        }
        config.write_text(json.dumps(document))
        environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
        command = [
            sys.executable,
            "-m",
            "resources.local.traffic.replayer",
            "--config",
            str(config),
        ]
        self._table.start("replayer", command, environment=environment, cwd=str(ROOT))

    def ramp(self, address: str, digest: str = CANDIDATE) -> None:
        now = self.router.read()
        self.router.shift(
            now,
            replace(now, candidate_digest=digest, candidate_address=address, candidate_pct=10.0),
        )

    def pairs(self, at_least: int) -> list[dict[str, Any]]:
        """Live calls come in, one every 50 ms, until that many pairs are written."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self._answer_live()
            time.sleep(0.05)
            lines = self._pairs.read_text().splitlines() if self._pairs.exists() else []
            if len(lines) >= at_least:
                return [json.loads(line) for line in lines]
        pytest.fail(self._table.log_tail("replayer"))

    def _answer_live(self) -> None:
        self._live += 1
        line = {"event": "answer_given", "at": "2026-03-01T09:00:00+00:00"}
        line |= {"session": f"s-{self._live}", "call": f"c-{self._live}"}
        line |= {"locale": "en-US", "question": "How much leave?"}
        with self.calls.open("a") as file:
            file.write(json.dumps(line) + "\n")


def test_a_live_call_is_replayed_to_both_arms_and_scored_by_the_approved_handbook(world, units):
    world.ramp(units[1].address)
    world.start_replayer()
    pair = world.pairs(3)[0]
    assert pair["stable"] == 1.0
    assert pair["candidate"] < 0.5
    assert (pair["candidate_digest"], pair["stable_digest"]) == (CANDIDATE, STABLE)
    assert pair["unit"].startswith("s-")
    assert pair["slices"] == {"locale": "en-US"}
    assert (pair["scorer"], pair["scorer_version"]) == ("groundedness", "1")
    assert units[0].asked == units[1].asked == []
    assert len(units[1].replayed) >= 3


def test_a_candidate_that_does_not_answer_is_a_score_of_none(world, units):
    world.ramp(f"http://127.0.0.1:{free_port()}")
    world.start_replayer()
    assert {(p["candidate"], p["stable"]) for p in world.pairs(3)} == {(None, 1.0)}


def test_a_candidate_that_hangs_is_a_score_of_none_after_a_while(world, units):
    units[1].silent = True
    world.ramp(units[1].address)
    world.start_replayer()
    assert {(p["candidate"], p["stable"]) for p in world.pairs(1)} == {(None, 1.0)}


def test_another_unit_that_answers_in_its_place_is_not_scored_for_it(world, units):
    world.ramp(units[1].address, digest="sha256:another")
    world.start_replayer()
    assert {(p["candidate"], p["stable"]) for p in world.pairs(3)} == {(None, 1.0)}


def test_nothing_is_replayed_without_a_candidate(world, units):
    world.start_replayer()
    for _ in range(30):
        world._answer_live()
        time.sleep(0.05)
    assert units[0].replayed == []
    world.ramp(units[1].address)
    assert world.pairs(1)
