"""Real Caddy in front of two real servers: exact shares, quick brakes, nothing lost."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from release_assets.domain.errors import InputError, UnavailableError
from release_assets.ports import Traffic
from resources.local.router import caddy_config
from resources.local.router.caddy import CaddyRouter
from resources.local.traffic.call_log import CallLog
from resources.local.units.loopback_ports import free_port
from resources.local.units.processes import ProcessTable

STABLE, CANDIDATE = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


class Arm(ThreadingHTTPServer):
    """A server that answers with its name, after a while when asked to be slow."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server: Arm

            def do_GET(self) -> None:
                if self.path == "/slow":
                    self.server.slow.release()
                    time.sleep(0.5)
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n"
                self.wfile.write(f"{head}{name}".encode())

            def log_message(self, *args) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.slow = threading.Semaphore(0)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for_slow(self, count: int) -> None:
        for _ in range(count):
            assert self.slow.acquire(timeout=20)


@pytest.fixture
def arms():
    servers = [Arm("stable"), Arm("candidate")]
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def table(tmp_path):
    processes = ProcessTable(str(tmp_path / "processes"))
    yield processes
    processes.end_orphans(grace_s=0)


@pytest.fixture
def router(arms, table, tmp_path):
    admin, front = (f"127.0.0.1:{free_port()}" for _ in range(2))
    caddy = CaddyRouter(admin, front, str(tmp_path / "caddy"))
    caddy.write_start_file(STABLE, arms[0].address)
    start(table, caddy)
    return caddy


def start(table: ProcessTable, caddy: CaddyRouter) -> None:
    table.start("caddy", caddy.start_command(), environment=caddy.start_environment())
    caddy.wait_until_up()


def ramp(router: CaddyRouter, arms: list[Arm], pct: float) -> Traffic:
    now = router.read()
    to = replace(now, candidate_digest=CANDIDATE, candidate_address=arms[1].address)
    return router.shift(now, replace(to, candidate_pct=pct))


def ask(router: CaddyRouter, count: int, path: str = "/") -> Counter[str]:
    with httpx.Client(base_url=router.front(), trust_env=False) as client:
        return Counter(answer(client, path) for _ in range(count))


def answer(client: httpx.Client, path: str) -> str:
    for _ in range(5):
        with suppress(httpx.RemoteProtocolError, httpx.ReadError):
            return client.get(path).raise_for_status().text
    raise AssertionError("hung up on five times")


@pytest.mark.parametrize(("pct", "expected"), [(0.5, 5), (1, 10), (10, 100), (50, 500)])
def test_of_a_thousand_requests_exactly_the_share_reaches_the_candidate(
    router, arms, pct, expected
):
    ramp(router, arms, pct)
    assert ask(router, 1000)["candidate"] == expected


def test_after_the_brake_not_one_request_reaches_the_candidate(router, arms):
    ramp(router, arms, 50)
    router.brake(CANDIDATE)
    assert ask(router, 200) == {"stable": 200}


def test_a_request_in_flight_outlives_a_change_of_shares(router, arms):
    with ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(ask, router, 1, "/slow") for _ in range(8)]
        arms[0].wait_for_slow(8)
        for pct in (1, 10, 50):
            ramp(router, arms, pct)
        router.brake(CANDIDATE)
        assert [future.result() for future in slow] == [{"stable": 1}] * 8


def test_every_request_is_answered_by_a_unit_while_shares_change(router, arms):
    """A connection that nobody has read from yet may be hung up on: such a one is asked again."""
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, router, 100) for _ in range(4)]
        while not all(future.done() for future in asked):
            ramp(router, arms, 50)
            router.brake(CANDIDATE)
            time.sleep(0.05)
        assert sum((future.result() for future in asked), Counter()).total() == 400


def test_the_brake_is_quick(router, arms):
    seconds = []
    for _ in range(10):
        ramp(router, arms, 50)
        start_at = time.perf_counter()
        router.brake(CANDIDATE)
        seconds.append(time.perf_counter() - start_at)
    assert min(seconds) < 0.1


def test_a_call_that_no_unit_answered_is_noted_against_the_release_whose_turn_it_was(
    router, arms, tmp_path
):
    before = ask(router, 10)
    ramp(router, arms, 50)
    arms[1].shutdown()
    arms[1].server_close()
    with httpx.Client(base_url=router.front(), trust_env=False) as client:
        statuses = Counter(client.get("/?q=secret").status_code for _ in range(20))
    assert statuses == {200: 10, 502: 10}
    log = CallLog("none", "none", str(tmp_path / "caddy" / "front.jsonl"))
    ever = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    eventually(lambda: log.counts(CANDIDATE, *ever, ()).errors == 10)
    assert log.counts(STABLE, *ever, ()).requests == 0
    assert before == {"stable": 10}
    assert "secret" not in (tmp_path / "caddy" / "front.jsonl").read_text()


def eventually(question, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_caddy_writes_nothing_outside_its_folder_and_saves_no_configuration(router, arms, tmp_path):
    ramp(router, arms, 10)
    assert not list(tmp_path.rglob("autosave.json"))
    assert CANDIDATE not in router.start_file.read_text()


def test_a_killed_caddy_comes_back_with_the_stable_release_alone(router, arms, table):
    ramp(router, arms, 50)
    table.stop("caddy", grace_s=0)
    with pytest.raises(UnavailableError):
        router.read()
    start(table, router)
    assert router.read().candidate_digest is None
    assert ask(router, 20) == {"stable": 20}


def test_caddy_starts_from_the_release_that_became_stable(router, arms, table):
    now = ramp(router, arms, 100)
    done = replace(
        now,
        stable_digest=CANDIDATE,
        stable_address=arms[1].address,
        candidate_digest=None,
        candidate_address=None,
        candidate_pct=0.0,
    )
    router.shift(now, done)
    table.stop("caddy", grace_s=0)
    start(table, router)
    assert router.read().stable_digest == CANDIDATE


def test_a_router_starts_from_a_file_and_on_ports_of_its_own(router, tmp_path):
    with pytest.raises(InputError, match="for the front door is in use"):
        router.start_command()
    admin, front = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with pytest.raises(InputError, match="write the start file first"):
        CaddyRouter(admin, front, str(tmp_path / "elsewhere")).start_command()


@pytest.mark.parametrize("pct", [-1, 100.5, 1e-9])
def test_an_impossible_share_is_refused(pct):
    traffic = Traffic(
        stable_digest=STABLE,
        stable_address="http://127.0.0.1:9",
        candidate_digest=CANDIDATE,
        candidate_address="http://127.0.0.1:10",
        candidate_pct=pct,
    )
    with pytest.raises(InputError):
        caddy_config.routes(traffic)
    with pytest.raises(InputError):
        caddy_config.routes(replace(traffic, candidate_pct=5, candidate_address=None))


def test_foreign_routes_are_not_read_as_ours():
    with pytest.raises(UnavailableError):
        caddy_config.read_routes([{"handle": []}], "")
    with pytest.raises(UnavailableError):
        caddy_config.read_routes(json.loads("null"), "")
