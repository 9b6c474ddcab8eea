"""Units as processes: what they are given, and what becomes of those that fail."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from release_assets.domain.errors import UnavailableError
from release_assets.ports import Environment
from resources.local.units.deployer import ProcessDeployer
from resources.local.units.process_facts import started
from tests.ports.tiny_feature import tiny_release, tiny_repository

STAGING, PRODUCTION = Environment.STAGING, Environment.PRODUCTION


@pytest.fixture
def host(tmp_path):
    return tiny_repository(tmp_path)


@pytest.fixture
def deployer(tmp_path, host):
    yield make(tmp_path)
    make(tmp_path).end_orphans()


def make(folder: Path, deadline_s: float = 60.0) -> ProcessDeployer:
    return ProcessDeployer(
        str(folder / "units"),
        str(folder / "world.git"),
        str(folder / "prompts"),
        str(folder / "calls.jsonl"),
        deadline_s=deadline_s,
    )


def unit_file(address: str) -> dict[str, Any]:
    return dict(httpx.get(f"{address}/unit-file", trust_env=False).json())


def test_a_unit_is_given_its_release_its_prompts_and_where_calls_go(deployer, host, tmp_path):
    release = tiny_release(host, 1)
    given = unit_file(deployer.deploy(release, PRODUCTION).address)
    assert (given["release"], given["prompt_set"]) == ("tiny-1", release.unit.prompts)
    assert given["prompt_registry"] == str(tmp_path / "prompts")
    assert given["call_log"] == str(tmp_path / "calls.jsonl")


def test_the_events_of_a_unit_are_read_without_a_half_written_last_line(deployer, host):
    release = tiny_release(host, 1)
    assert deployer.published_events(release.digest, STAGING) == []
    log = Path(unit_file(deployer.deploy(release, STAGING).address)["event_log"])
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text('{"event": "answer_given"}\n{"event": "answ')
    assert deployer.published_events(release.digest, STAGING) == [{"event": "answer_given"}]
    assert deployer.published_events(release.digest, PRODUCTION) == []


def test_staging_calls_are_never_written_to_the_log_of_live_traffic(deployer, host, tmp_path):
    given = unit_file(deployer.deploy(tiny_release(host, 1), STAGING).address)
    assert given["call_log"] != str(tmp_path / "calls.jsonl")


def test_a_unit_that_dies_at_its_start_is_reported_with_its_last_output(deployer, host):
    with pytest.raises(UnavailableError, match=r"ended; its last output: no such index"):
        deployer.deploy(tiny_release(host, 1, mood="dead"), STAGING)


def test_a_unit_that_never_answers_is_given_up_and_stopped(tmp_path, host, deployer):
    with pytest.raises(UnavailableError, match="did not answer"):
        make(tmp_path, deadline_s=0.5).deploy(tiny_release(host, 1, mood="slow"), STAGING)
    assert deployer.running(STAGING) == ()


def test_another_process_finds_the_unit_and_one_killed_by_the_kernel_is_replaced(
    deployer, host, tmp_path
):
    release = tiny_release(host, 1)
    first = deployer.deploy(release, PRODUCTION)
    assert make(tmp_path).deploy(release, PRODUCTION) == first
    os.kill(int(first.workload.removeprefix("pid:")), signal.SIGKILL)
    second = make(tmp_path).deploy(release, PRODUCTION)
    assert (second.address, second.workload != first.workload) == (first.address, True)


def test_deploys_at_the_same_time_start_one_unit(tmp_path, host, deployer):
    release = tiny_release(host, 1)
    with ThreadPoolExecutor(4) as pool:
        deploys = [pool.submit(make(tmp_path).deploy, release, STAGING) for _ in range(4)]
        assert len({deploy.result() for deploy in deploys}) == 1


def test_a_unit_whose_pid_file_is_damaged_is_replaced_and_none_is_left_over(
    deployer, host, tmp_path
):
    release = tiny_release(host, 1)
    first = deployer.deploy(release, STAGING)
    pid_file = next((tmp_path / "units" / "processes").glob("*.json"))
    pid_file.write_text(json.dumps({"pid": 1}))
    second = deployer.deploy(release, STAGING)
    assert second.workload != first.workload
    assert started(int(first.workload.removeprefix("pid:"))) is None


def test_one_unit_may_be_deployed_from_trees_that_differ_outside_of_it(deployer, host):
    release = tiny_release(host, 1)
    deployer.deploy(release, STAGING)
    deployer.retire(release.digest, STAGING)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    ada, files = "Ada <ada@example.com>", {"features/tiny/evals/smoke.jsonl": b"{}"}
    later = host.commit(release.commit, files, author=ada, message="Evals\n", at=at)
    running = deployer.deploy(replace(release, commit=later), STAGING)
    assert running.release_digest == release.digest


def test_files_altered_after_the_export_are_not_deployed(deployer, host, tmp_path):
    release = tiny_release(host, 1)
    deployer.deploy(release, STAGING)
    deployer.retire(release.digest, STAGING)
    served = next((tmp_path / "units" / "units").rglob("serve.py"))
    served.write_text("raise SystemExit('altered')")
    with pytest.raises(Exception, match=r"has another .*serve.py"):
        deployer.deploy(release, STAGING)
