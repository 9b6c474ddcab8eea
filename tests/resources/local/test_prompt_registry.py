"""The folder on disk: verified content, one winner among writers, a history that stays."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from functools import partial

import pytest

from release_assets.domain.errors import (
    InputError,
    NotFoundError,
    UnavailableError,
)
from release_assets.domain.release import digest_of
from release_assets.ports import Environment, PromptPointers
from resources.local.prompt_registry import DirectoryPromptRegistry

PRODUCTION = Environment.PRODUCTION


def test_the_layout_is_what_units_read(tmp_path):
    digest = DirectoryPromptRegistry(str(tmp_path)).publish({"guard": b"no"})
    content = (tmp_path / "sets" / f"{digest[7:]}.json").read_bytes()
    assert digest_of(content) == digest
    assert json.loads(content) == {"guard": digest_of(b"no")}
    assert (tmp_path / "objects" / digest_of(b"no")[7:]).read_bytes() == b"no"


def test_an_altered_prompt_is_never_served(tmp_path):
    registry = DirectoryPromptRegistry(str(tmp_path))
    digest = registry.publish({"guard": b"no"})
    (tmp_path / "objects" / digest_of(b"no")[7:]).write_bytes(b"yes")
    with pytest.raises(UnavailableError, match="does not match its name"):
        registry.read(digest)
    registry.publish({"guard": b"no"})
    assert registry.read(digest) == {"guard": b"no"}


def test_a_digest_is_not_a_path(tmp_path):
    with pytest.raises(NotFoundError):
        DirectoryPromptRegistry(str(tmp_path)).read("../../etc/passwd")


def test_an_empty_set_is_refused(tmp_path):
    with pytest.raises(InputError):
        DirectoryPromptRegistry(str(tmp_path)).publish({})


def test_the_history_keeps_every_move(tmp_path):
    registry = DirectoryPromptRegistry(str(tmp_path))
    sets = [registry.publish({"p": bytes([n])}) for n in range(3)]
    now = None
    for digest in sets:
        to = PromptPointers(stable=digest, candidate=None)
        registry.move(PRODUCTION, now, to)
        now = to
    assert [move["stable"] for move in registry.history(PRODUCTION)] == sets


def test_a_damaged_history_is_an_error_and_not_a_first_move(tmp_path):
    registry = DirectoryPromptRegistry(str(tmp_path))
    to = PromptPointers(stable=registry.publish({"p": b"1"}), candidate=None)
    registry.move(PRODUCTION, None, to)
    (tmp_path / "pointers" / "production.jsonl").write_text('{"move": 1, "sta')
    with pytest.raises(UnavailableError):
        registry.move(PRODUCTION, None, to)


MOVE = """
import sys
from release_assets.domain.errors import ConflictError
from release_assets.ports import Environment, PromptPointers
from resources.local.prompt_registry import DirectoryPromptRegistry
registry = DirectoryPromptRegistry(sys.argv[1])
expected = registry.pointers(Environment.PRODUCTION)
print("ready", flush=True)
sys.stdin.readline()
try:
    to = PromptPointers(stable=sys.argv[2], candidate=None)
    registry.move(Environment.PRODUCTION, expected, to)
    print(sys.argv[2])
except ConflictError:
    print("conflict")
"""


def test_of_writers_in_several_processes_exactly_one_wins(tmp_path):
    registry = DirectoryPromptRegistry(str(tmp_path))
    sets = [registry.publish({"p": bytes([n])}) for n in range(4)]
    registry.move(PRODUCTION, None, PromptPointers(stable=sets[0], candidate=None))
    start = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    commands = [[sys.executable, "-c", MOVE, str(tmp_path), mine] for mine in sets[1:]]
    with ExitStack() as stack:
        writers = [stack.enter_context(start(c)) for c in commands]
        assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 3
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        answers = sorted(writer.stdout.readline().strip() for writer in writers)
    assert answers == ["conflict", "conflict", registry.pointers(PRODUCTION).stable]
    assert len(registry.history(PRODUCTION)) == 2
