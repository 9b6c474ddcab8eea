"""A world for commands that read: four releases in SQLite, a roster, one change more."""

from types import SimpleNamespace

import pytest

from release_assets.domain.people.change import Change
from release_assets.ports import Settings
from resources.ledger_store import SqlLedger
from tests.fabricated.released import KEYS, START, write_all

NAMES = {"ada": "Ada Okafor", "ben": "Ben Lindqvist", "chloe": "Chloe Marchand", "dev": "Dev Raman"}


class OneFileHost:
    """A git host with people.yaml at main, and one change that the ledger does not know."""

    def main(self):
        return "m"

    def read_file(self, commit, path):
        assert (commit, path) == ("m", "people.yaml")
        return roster().encode()

    def changes(self):
        return (
            Change(
                number=105,
                feature="policy-search",
                title="Not judged yet",
                author="local:dev",
                base="b",
                head="h",
                tree="t",
                opened_at=START,
                commits=(),
                pushes=(),
                reviews=(),
            ),
        )


def roster():
    """people.yaml with the keys that the releases were signed with."""
    lines = ["people:"]
    for person, name in (NAMES | {"rosa": "Rosa Delgado"}).items():
        key = KEYS.get(person)
        keys = f'[{{public_key: "{key.public_line}", valid_from: 2026-01-01}}]' if key else "[]"
        lines += [
            f"  - person: {person}",
            f"    name: {name}",
            f"    accounts: [local:{person}]",
            f"    keys: {keys}",
            "    roles: [{role: reviewer, from: 2026-01-01}]",
        ]
    return "\n".join(lines)


@pytest.fixture(scope="session")
def filled_ledger(tmp_path_factory):
    ledger = SqlLedger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db")
    write_all(ledger)
    return ledger


@pytest.fixture
def world(filled_ledger, monkeypatch, tmp_path):
    """The world that commands find, and an empty folder to stand in."""
    ports = SimpleNamespace(
        ledger=filled_ledger,
        git_host=OneFileHost(),
        release_store=SimpleNamespace(rollout=lambda _: None),
        settings=Settings(),
    )
    monkeypatch.setattr("resources.wiring.config_path", lambda: tmp_path / "countersign.yaml")
    monkeypatch.setattr("resources.wiring.load_world", lambda _: ports)
    monkeypatch.chdir(tmp_path)
    return ports
