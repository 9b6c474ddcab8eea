"""The protocol: what is accepted, what is refused, what is logged."""

import json
import subprocess
import sys

import jsonschema
import pytest

from .conftest import FEATURE

GOOD = {"question": "How many days of annual leave?", "locale": "en-US", "session": "s-1"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{not json", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a JSON object"),
        (json.dumps({**GOOD, "locale": "tlh"}).encode(), "'locale' must be one of en-US"),
        (json.dumps({**GOOD, "locale": ["en-US"]}).encode(), "'locale' must be one of"),
        (json.dumps({**GOOD, "question": "  "}).encode(), "'question' must be a text"),
        (json.dumps({**GOOD, "question": 7}).encode(), "'question' must be a text"),
        (json.dumps({**GOOD, "question": "a" * 2001}).encode(), "longer than 2000"),
        (json.dumps({**GOOD, "question": "a\ud800"}).encode(), "not valid Unicode"),
        (json.dumps({"question": "leave?", "locale": "en-US"}).encode(), "'session' must be"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_its_reason(client, calls, body, message):
    reply = client.post("/ask", content=body)

    assert reply.status_code == 400
    assert message in reply.json()["error"]
    assert calls() == []


def test_an_answer_is_logged_as_the_event_that_the_contract_promises(ask, calls):
    reply = ask(GOOD["question"]).json()

    (event,) = calls()
    contract = json.loads((FEATURE / "contracts/answer_given.json").read_text())
    jsonschema.validate(event, contract)
    assert event["call"] == reply["call"]
    assert event["answer"] == reply["answer"]
    assert event["error"] is False


def test_a_replayed_question_is_answered_but_is_no_live_traffic(ask, calls, events):
    reply = ask(GOOD["question"], **{"X-Replay": "1"})

    assert reply.status_code == 200
    assert calls() == []
    assert [event["call"] for event in events()] == [reply.json()["call"]]


def test_a_rating_is_logged_with_its_call(client, ask, calls):
    call = ask(GOOD["question"]).json()["call"]
    reply = client.post("/feedback", json={"call": call, "rating": "negative"})

    assert reply.status_code == 204
    assert calls()[1]["event"] == "feedback_given"
    assert calls()[1]["call"] == call


def test_a_rating_in_other_words_is_refused(client):
    reply = client.post("/feedback", json={"call": "c", "rating": "meh"})

    assert reply.status_code == 400
    assert "positive, negative" in reply.json()["error"]


def test_a_call_that_breaks_is_logged_as_an_error(ask, calls, monkeypatch):
    monkeypatch.setattr("policy_search.retrieval.Index.search", lambda *_: 1 / 0)
    reply = ask(GOOD["question"])

    assert reply.status_code == 500
    (event,) = calls()
    contract = json.loads((FEATURE / "contracts/answer_given.json").read_text())
    jsonschema.validate(event, contract)
    assert event["error"] is True


def test_health_is_told_once_the_unit_is_loaded(client):
    assert client.get("/health").status_code == 200


def test_a_missing_prompt_set_ends_the_start_with_one_clear_line(order, root):
    fields = json.loads(order.read_text())
    order.write_text(json.dumps({**fields, "prompt_set": "sha256:" + "0" * 64}))
    command = [sys.executable, "-m", "policy_search.serve", "--unit", str(order), "--port", "1"]
    ended = subprocess.run(  # noqa: S603 - our own command
        command, cwd=root, env={"PYTHONPATH": str(FEATURE)}, capture_output=True, text=True
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "is not in the registry" in ended.stderr
