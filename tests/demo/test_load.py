"""Recorded questions are sent as people would send them, and the outcomes are counted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from resources.local.units.loopback_ports import free_port
from tests.resources.answering_unit import AnsweringUnit

QUESTIONS = [
    {"session": "s-1", "locale": "de-DE", "topic": "t", "question": "1?", "feedback": "negative"},
    {"session": "s-1", "locale": "de-DE", "topic": "t", "question": "2?", "feedback": None},
    {"session": "s-2", "locale": "en-US", "topic": "t", "question": "3?", "feedback": "positive"},
]


@pytest.fixture
def unit():
    answering = AnsweringUnit("sha256:a")
    yield answering
    answering.close()


@pytest.fixture
def questions(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(f"{json.dumps(q)}\n" for q in QUESTIONS))
    return file


def run(front: str, questions, until, rate: str = "40") -> dict[str, Any]:
    command = [sys.executable, "-m", "release_assets.demo.load", "--front", front, "--rate", rate]
    command += ["--questions", str(questions), "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as load:
        try:
            deadline = time.monotonic() + 60
            while not until() and time.monotonic() < deadline:
                time.sleep(0.05)
            load.send_signal(signal.SIGTERM)
            printed, _ = load.communicate(timeout=60)
        finally:
            load.kill()
    assert load.returncode == 0
    return dict(json.loads(printed))


def test_the_recording_is_sent_over_and_over_with_new_sessions(unit, questions):
    seen = run(unit.address, questions, lambda: len(unit.asked) > 8)
    assert seen["sent"] == seen["answered"] == len(unit.asked)
    assert {call["session"] for call in unit.asked[:9]} == {
        f"s-{session}.{round_}" for session in (1, 2) for round_ in (1, 2, 3)
    }
    assert set(unit.asked[0]) == {"question", "locale", "session"}


def test_recorded_ratings_are_given_for_the_call_that_was_answered(unit, questions):
    seen = run(unit.address, questions, lambda: len(unit.rated) > 3)
    assert seen["rated"] == len(unit.rated)
    assert {rating["rating"] for rating in unit.rated} == {"positive", "negative"}
    assert all(rating["call"].startswith("call-") for rating in unit.rated)


def test_a_connection_closed_unread_is_asked_again(unit, questions):
    unit.hang_up = 2
    seen = run(unit.address, questions, lambda: len(unit.asked) > 5)
    assert seen["asked_again"] == 2
    assert "failed" not in seen


def test_a_front_door_that_is_shut_does_not_stop_the_load(questions):
    stop_at = time.monotonic() + 2
    seen = run(f"http://127.0.0.1:{free_port()}", questions, lambda: time.monotonic() > stop_at)
    assert seen["failed"] == seen["sent"] > 0
