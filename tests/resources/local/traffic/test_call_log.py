"""Counts and pairs from files that several processes write while we read."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release_assets.domain.live.traffic import CallCounts
from resources.local.traffic.call_log import CallLog

T0 = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def call(seconds: float, name: str = "c", digest: str = A, **facts) -> dict[str, Any]:
    return {
        "event": "answer_given",
        "at": after(seconds).isoformat(),
        "call": name,
        "release_digest": digest,
        "session": "s-1",
        "locale": "de-DE",
        "question": "?",
        "answer": "!",
        "behaviour": "answer",
        "latency_ms": 10.0,
        "error": False,
        "cost_usd": 0.01,
    } | facts


def rating(seconds: float, name: str, word: str) -> dict[str, Any]:
    at = after(seconds).isoformat()
    return {"event": "feedback_given", "at": at, "call": name, "release_digest": B, "rating": word}


def pair(seconds: float, **facts) -> dict[str, Any]:
    return {
        "at": after(seconds).isoformat(),
        "unit": "s-1",
        "candidate_digest": A,
        "stable_digest": B,
        "scorer": "groundedness",
        "scorer_version": "1",
        "candidate": 0.9,
        "stable": None,
        "slices": {"locale": "de-DE"},
    } | facts


def unanswered(seconds: float, status: int) -> dict[str, Any]:
    arms = f"127.0.0.1:1={B},127.0.0.1:2={A}"
    when = {"ts": after(seconds).timestamp(), "duration": 2.5}
    return {"status": status, "upstream": "127.0.0.1:2", "arms": arms} | when


class Files:
    def __init__(self, folder) -> None:
        self.calls, self.pairs = folder / "calls.jsonl", folder / "pairs.jsonl"
        self.front = folder / "front.jsonl"

    def log(self, maturity_s: float = 0.0) -> CallLog:
        return CallLog(str(self.calls), str(self.pairs), str(self.front), maturity_s)

    def write(self, *documents: dict[str, Any], to=None) -> None:
        with (to or self.calls).open("a") as file:
            file.writelines(f"{json.dumps(document)}\n" for document in documents)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def requests(log: CallLog, since: float, until: float, digest: str = A) -> int:
    return log.counts(digest, after(since), after(until), []).requests


def test_no_file_is_no_calls(files):
    assert files.log().counts(A, T0, after(9), [100.0]) == CallCounts(over_ms={100: 0})
    assert files.log().pairs(A, T0, after(9)) == ()
    assert files.log().last_call_at(A) is None


def test_a_window_has_its_first_moment_and_not_its_last(files):
    files.write(call(0), call(5), call(10))
    log = files.log()
    assert [requests(log, 0, 5), requests(log, 5, 10), requests(log, 0, 10.001)] == [1, 1, 3]


def test_calls_are_counted_for_their_own_release(files):
    files.write(call(1), call(2, digest=B), call(3, digest=B))
    log = files.log()
    assert [requests(log, 0, 9, A), requests(log, 0, 9, B)] == [1, 2]


def test_everything_about_a_call_is_counted(files):
    files.write(
        call(1, latency_ms=99.9),
        call(2, latency_ms=100.1, error=True, cost_usd=0.0),
        call(3, behaviour="refuse"),
        call(4, behaviour="say_unknown", timeout=True, error=True),
    )
    counted = files.log().counts(A, T0, after(9), [100.0, 10.0])
    assert counted == CallCounts(
        requests=4,
        errors=2,
        timeouts=1,
        refusals=1,
        over_ms={100.0: 1, 10.0: 2},
        costs_usd=(0.01, 0.0, 0.01, 0.01),
        latencies_ms=(99.9, 100.1, 10.0, 10.0),
    )


def test_lines_that_arrive_out_of_order_are_counted_where_they_belong(files):
    files.write(call(3), call(1), call(2), call(1.5))
    assert requests(files.log(), 1, 2) == 2


def test_only_new_lines_are_read_and_a_half_written_one_waits_for_its_rest(files):
    log = files.log()
    files.write(call(1))
    assert requests(log, 0, 9) == 1
    line = json.dumps(call(2))
    with files.calls.open("a") as file:
        file.write(line[:40])
        file.flush()
        assert requests(log, 0, 9) == 1
        file.write(f"{line[40:]}\n")
        file.flush()
    assert requests(log, 0, 9) == 2
    assert log.damaged == 0


@pytest.mark.parametrize(
    "torn",
    ['{"event": "answer_gi', "[1, 2]", '"text"', "{}", '{"event": "answer_given"}', "\x00\x01"],
)
def test_a_line_that_cannot_be_read_is_counted_as_damage_and_hides_no_other(files, torn):
    files.write(call(1))
    with files.calls.open("a") as file:
        file.write(f"{torn}\n")
    files.write(call(2))
    log = files.log()
    assert (requests(log, 0, 9), log.damaged) == (2, 1)


def test_a_time_without_a_zone_is_not_understood(files):
    files.write(call(1, at="2026-03-01T09:00:01"))
    log = files.log()
    assert (requests(log, 0, 9), log.damaged) == (0, 1)


@pytest.mark.parametrize("how", ["shorter", "another"])
def test_a_file_that_was_replaced_is_read_from_its_start(files, how):
    log = files.log()
    files.write(call(1), call(2))
    assert requests(log, 0, 9) == 2
    if how == "another":
        files.calls.rename(files.calls.with_suffix(".old"))
    else:
        files.calls.write_text("")
    files.write(call(3))
    assert requests(log, 0, 9) == 1


def test_a_rating_belongs_to_its_call_whichever_unit_took_it(files):
    files.write(call(1, "x"), rating(2, "x", "negative"))
    log = files.log()
    assert log.counts(A, T0, after(9), []).feedback_negative == 1
    assert log.counts(B, T0, after(9), []) == CallCounts()


def test_ratings_that_came_after_the_window_are_not_counted_in_it(files):
    files.write(call(1, "x"), rating(7, "x", "positive"))
    log = files.log()
    assert log.counts(A, T0, after(5), []).feedback == 0
    assert log.counts(A, T0, after(8), []).feedback == 1


def test_a_rating_counts_once_in_the_window_in_which_its_call_matures(files):
    files.write(call(1, "x"), rating(2, "x", "negative"), call(3, "y"), rating(40, "y", "positive"))
    log = files.log(maturity_s=60)
    windows = [log.counts(A, after(s), after(s + 10), []) for s in range(0, 100, 10)]
    assert [w.feedback for w in windows] == [0, 0, 0, 0, 0, 0, 2, 0, 0, 0]
    assert sum(w.feedback_negative for w in windows) == 1


def test_windows_side_by_side_count_every_call_and_rating_once(files):
    files.write(*(call(n / 7, f"c{n}") for n in range(100)))
    files.write(*(rating(n / 7, f"c{n}", "positive") for n in range(0, 100, 3)))
    log = files.log()
    windows = [log.counts(A, after(s), after(s + 1), []) for s in range(16)]
    assert sum(w.requests for w in windows) == 100
    assert sum(w.feedback for w in windows) == 34


def test_calls_that_no_unit_answered_are_errors_of_the_release_whose_turn_it_was(files):
    files.write(call(1))
    files.write(unanswered(2, 502), unanswered(3, 504), unanswered(4, 499), to=files.front)
    log = files.log()
    assert log.counts(A, T0, after(9), [2000.0]) == CallCounts(
        requests=4,
        errors=3,
        timeouts=2,
        over_ms={2000.0: 3},
        costs_usd=(0.01,),
        latencies_ms=(10.0, 2500.0, 2500.0, 2500.0),
    )
    assert requests(log, 0, 9, B) == 0
    assert log.last_call_at(A) == after(1)


def test_pairs_come_as_they_were_scored(files):
    files.write(pair(1), pair(2, candidate_digest=B), pair(3, candidate=None), to=files.pairs)
    found = files.log().pairs(A, T0, after(9))
    assert [(p.at, p.candidate, p.stable) for p in found] == [
        (after(1), 0.9, None),
        (after(3), None, None),
    ]
    assert (found[0].unit, found[0].slices) == ("s-1", {"locale": "de-DE"})


def test_two_readers_see_the_same(files):
    one, two = files.log(), files.log()
    for number in range(5):
        files.write(call(number))
        assert requests(one, 0, 9) == number + 1
    assert requests(two, 0, 9) == 5


def test_a_long_log_is_read_once(files):
    files.write(*(call(n / 30, f"c{n}") for n in range(20_000)))
    log = files.log()
    assert requests(log, 0, 1e6) == 20_000
    start = time.perf_counter()
    assert requests(log, 0, 1) == 30
    assert time.perf_counter() - start < 1
