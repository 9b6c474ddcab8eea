"""The world of the commands' tests, and a way to run one command as a shell would."""

import sys
from typing import NamedTuple

import pytest

from release_assets.cli.main import main
from tests.cli.world import filled_ledger, world

__all__ = ["filled_ledger", "world"]


class Ran(NamedTuple):
    """What a shell sees of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    def countersign(*words):
        monkeypatch.setattr(sys, "argv", ["countersign", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return countersign
