"""What every eval engine does, on a small service that answers, breaks, hangs up and hangs."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from release_assets.domain.evals.rows import EvalCase, RowStatus
from release_assets.ports import Target
from resources.evals import asking
from resources.evals.direct_engine import DirectEngine
from resources.evals.inspect_engine import InspectEngine

HANDBOOK = {"handbook/en.jsonl": b'{"id": "leave-01", "topic": "leave", "title": "Leave", '
            b'"text": "Everybody has 28 days of leave each year."}\n'}  # fmt: skip
SCORERS = {"correctness": "1", "groundedness": "1"}
pytestmark = pytest.mark.filterwarnings("ignore")  # of inspect-ai itself


class PatientServer(ThreadingHTTPServer):
    """Lets an answer wait until the test ends."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Service)
        self.patience = threading.Event()


class Service(BaseHTTPRequestHandler):
    server: PatientServer
    broken_lines = 0

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["question"]
        if "break" in asked:
            self.send_error(500)
            return
        if "hang up" in asked and type(self).broken_lines == 0:
            type(self).broken_lines += 1
            self.connection.close()
            return
        if "hang on" in asked:
            self.server.patience.wait(5)
        days = "20 days" if "wrong" in asked else "28 days"
        answer = {
            "answer": f"Everybody has {days} of leave each year.",
            "behaviour": "answer",
            "citations": ["leave-01"],
            "cost_usd": 0.01,
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    Service.broken_lines = 0
    server = PatientServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Target(
        address=f"http://127.0.0.1:{server.server_port}", scorers=SCORERS, handbook=HANDBOOK
    )
    server.patience.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["direct", "inspect"])
def engine(request, tmp_path):
    return DirectEngine() if request.param == "direct" else InspectEngine(str(tmp_path / "logs"))


def case(name, question):
    return EvalCase(
        id=name,
        question=question,
        expected={"behaviour": "answer", "facts": ["28 days"], "passage": "leave-01"},
        family=name,
        slices={"locale": "en-US"},
    )


def test_there_is_one_row_for_each_case_repeat_and_scorer(engine, target):
    cases = [case("a", "How much leave?"), case("b", "Leave in a year?")]

    rows = engine.run(cases, target, 2)

    keys = {(r.case, r.repeat, r.scorer) for r in rows}
    assert keys == {(c, n, s) for c in "ab" for n in (0, 1) for s in SCORERS}
    assert len(rows) == 8
    assert {r.status for r in rows} == {RowStatus.OK}
    assert {r.cost_usd for r in rows} == {0.01}


def test_a_wrong_answer_is_a_row_that_is_wrong(engine, target):
    rows = engine.run([case("a", "a wrong answer, please")], target, 1)

    assert {r.scorer: r.status for r in rows}["correctness"] is RowStatus.WRONG


def test_a_unit_that_breaks_is_an_error_in_every_row_and_no_exception(engine, target):
    rows = engine.run([case("a", "break"), case("b", "How much leave?")], target, 1)

    broken = [r for r in rows if r.case == "a"]
    assert [(r.status, r.score) for r in broken] == [(RowStatus.ERROR, None)] * 2
    assert {r.status for r in rows if r.case == "b"} == {RowStatus.OK}


def test_a_line_that_broke_is_asked_once_more(engine, target):
    rows = engine.run([case("a", "hang up")], target, 1)

    assert {r.status for r in rows} == {RowStatus.OK}


def test_a_unit_that_hangs_is_a_timeout(engine, target, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT_S", 0.3)
    monkeypatch.setattr("resources.evals.direct_engine.TIMEOUT_S", 0.3)
    monkeypatch.setattr("resources.evals.inspect_engine.TIMEOUT_S", 0.3)

    rows = engine.run([case("a", "hang on")], target, 1)

    assert {r.status for r in rows} == {RowStatus.TIMEOUT}


def test_the_comparability_key_names_engine_and_version(engine):
    name, _, version = engine.name_and_version().rpartition("-")

    assert name
    assert version[0].isdigit()


def test_inspect_writes_nothing_into_the_home_folder(target, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    InspectEngine(str(tmp_path / "logs")).run([case("a", "How much leave?")], target, 1)

    assert [p for p in home.rglob("*") if p.is_file()] == []
