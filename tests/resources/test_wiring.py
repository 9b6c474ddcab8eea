"""The world file: every port named once, every word known, the right line in every refusal."""

from datetime import UTC, datetime

import pytest

from release_assets.demo.world import WorldFolder, build
from release_assets.domain.errors import InputError, UnknownWordError
from resources.ledger_store import SqlLedger
from resources.wiring import config_path, load_world


@pytest.fixture(scope="module")
def world_file(tmp_path_factory):
    folder = WorldFolder(tmp_path_factory.mktemp("world"))
    build(folder, datetime(2026, 11, 26, tzinfo=UTC))
    return folder.config


def changed(world_file, tmp_path, old, new):
    text = world_file.read_text()
    assert old in text
    path = tmp_path / "countersign.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_the_local_world_is_wired_completely(world_file):
    ports = load_world(world_file)

    assert ports.ledger.head().size == 0
    assert ports.settings.feature_root == {"policy-search": "features/policy-search"}


def test_here_is_the_folder_of_the_file(world_file):
    ledger = load_world(world_file).ledger

    assert isinstance(ledger, SqlLedger)
    assert str(world_file.parent) in ledger.url


@pytest.mark.parametrize(
    ("old", "new", "word", "near"),
    [
        ("  ledger:", "  ledgr:", "ledgr", "ledger"),
        ("    use: inspect", "    use: inspekt", "inspekt", "inspect"),
        ("    concurrency: 1", "    concurency: 1", "concurency", "concurrency"),
    ],
)
def test_an_unknown_word_is_refused_with_its_line_and_the_nearest(
    world_file, tmp_path, old, new, word, near
):
    path = changed(world_file, tmp_path, old, new)
    line = path.read_text()[: path.read_text().index(word)].count("\n") + 1

    with pytest.raises(UnknownWordError) as caught:
        load_world(path)

    assert f"{path}:{line}: unknown word '{word}' (did you mean '{near}'?)" in str(caught.value)


def test_a_port_without_an_adapter_is_an_error(world_file, tmp_path):
    path = changed(world_file, tmp_path, "  clock:\n    use: system\n", "")

    with pytest.raises(InputError, match="no adapter for clock"):
        load_world(path)


def test_no_world_is_a_sentence_and_no_default(monkeypatch):
    monkeypatch.delenv("COUNTERSIGN_CONFIG", raising=False)

    with pytest.raises(InputError, match="COUNTERSIGN_CONFIG is not set"):
        config_path()
