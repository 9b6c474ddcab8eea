"""`kill -9` in the middle of an act, and the act again: the end is the same (law 9)."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release_assets.domain.errors import UnavailableError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.verdict import conclude
from release_assets.ports import Environment, PromptPointers
from resources.local.prompt_registry import DirectoryPromptRegistry
from resources.local.units import process_facts
from resources.local.units.deployer import ProcessDeployer
from resources.local.units.processes import ProcessTable
from tests.ports.tiny_feature import tiny_release, tiny_repository

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 1, tzinfo=UTC)
PASSED = conclude("pre-merge", [Finding(rule="r", outcome=Outcome.PASSED, because="well")])
DELAYS_S = [0.0, 0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.05]

MOVE_BACK_AND_FORTH = """
import itertools, sys
from release_assets.ports import Environment, PromptPointers
from resources.local.prompt_registry import DirectoryPromptRegistry
registry = DirectoryPromptRegistry(sys.argv[1])
print("ready", flush=True)
for digest in itertools.cycle(sys.argv[2:]):
    now = registry.pointers(Environment.PRODUCTION)
    to = PromptPointers(stable=digest, candidate=None)
    registry.move(Environment.PRODUCTION, now, to)
"""
MERGE = """
import sys
from datetime import UTC, datetime
from resources.local.git.host import LocalGitHost
host = LocalGitHost(sys.argv[1])
print("ready", flush=True)
host.merge(int(sys.argv[2]), "local:ben", at=datetime(2026, 3, 1, tzinfo=UTC))
"""
DEPLOY_FOR_EVER = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.ports.tiny_feature import tiny_unit
from release_assets.domain.release import Release, ReleaseKey
from release_assets.ports import Environment
from resources.local.units import process_facts
from resources.local.units.deployer import ProcessDeployer
deployer = ProcessDeployer(*sys.argv[2:6])
release = Release(key=ReleaseKey("tiny", 1), commit=sys.argv[6], unit=tiny_unit("1"))
print("ready", flush=True)
deployer.deploy(release, Environment.STAGING)
"""


@contextmanager
def killed_after(script: str, *arguments: str):
    """A process that runs a script; killed at the end of the block, wherever it then is."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_a_merge_killed_anywhere_is_one_merge_after_it_was_repeated(tmp_path, delay_s):
    host = tiny_repository(tmp_path)
    before = host.main()
    head = tiny_release(host, 1).commit
    host.open_change(1, "More", "local:ada", head, at=AT)
    host.review(1, "local:ben", "approved", at=AT)
    host.post_status(head, "pre-merge", PASSED)
    with killed_after(MERGE, str(tmp_path / "world.git"), "1"):
        time.sleep(delay_s)
    merge = host.merge(1, "local:ben", at=AT)
    assert host.main() == merge.commit
    assert host.first_parent(merge.commit) == before
    assert host.change(1).merge == merge
    assert len([one for one in host.statements(1) if one["kind"] == "merge"]) == 1


@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_pointers_moved_by_a_killed_process_stand_at_a_whole_move(tmp_path, delay_s):
    registry = DirectoryPromptRegistry(str(tmp_path))
    sets = [registry.publish({"p": bytes([n])}) for n in range(3)]
    registry.move(Environment.PRODUCTION, None, PromptPointers(stable=sets[0], candidate=None))
    with killed_after(MOVE_BACK_AND_FORTH, str(tmp_path), *sets):
        time.sleep(delay_s)
    moves = registry.history(Environment.PRODUCTION)
    assert [move["move"] for move in moves] == list(range(1, len(moves) + 1))
    now = registry.pointers(Environment.PRODUCTION)
    to = PromptPointers(stable=sets[1], candidate=sets[2])
    registry.move(Environment.PRODUCTION, now, to)
    assert registry.pointers(Environment.PRODUCTION) == to


def test_a_deploy_killed_while_the_unit_starts_is_replaced_and_nothing_is_left_over(tmp_path):
    host = tiny_repository(tmp_path)
    release = tiny_release(host, 1, mood="slow")
    arguments = [str(tmp_path / name) for name in ("units", "world.git", "prompts", "calls.jsonl")]
    table = ProcessTable(str(tmp_path / "units" / "processes"))
    try:
        with killed_after(DEPLOY_FOR_EVER, str(ROOT), *arguments, release.commit):
            deadline = time.monotonic() + 30
            while not table.running():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        left = table.running()[0]
        with pytest.raises(UnavailableError, match="did not answer"):
            ProcessDeployer(*arguments, deadline_s=0.3).deploy(release, Environment.STAGING)
        assert table.running() == ()
        assert process_facts.started(left.pid) is None
    finally:
        table.end_orphans(grace_s=0)
