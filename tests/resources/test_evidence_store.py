"""Evidence in files: whole or absent, and never believed unread."""

import pickle
from datetime import UTC, datetime

import pytest

from release_assets.domain.errors import AdapterError, InputError, NotFoundError, UnavailableError
from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.release import digest_of
from resources.evidence_store import FileEvidenceStore

ROWS = [{"case": "prod-1", "score": 0.5}]


@pytest.fixture
def store(tmp_path):
    return FileEvidenceStore(str(tmp_path / "evidence"))


def files(store, tmp_path):
    return [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]


def test_a_file_is_named_by_the_digest_of_its_content(store, tmp_path):
    digest = store.put(ROWS)

    (path,) = files(store, tmp_path)
    assert digest_of(path.read_bytes()) == digest == f"sha256:{path.stem}"


def test_changed_evidence_is_not_read(store, tmp_path):
    digest = store.put(ROWS)
    (path,) = files(store, tmp_path)
    path.write_bytes(path.read_bytes() + b"\x00")

    with pytest.raises(AdapterError, match="was changed; restore"):
        store.get(digest)


def test_storing_again_heals_changed_evidence(store, tmp_path):
    digest = store.put(ROWS)
    (path,) = files(store, tmp_path)
    path.write_bytes(b"")

    assert store.put(ROWS) == digest
    assert list(store.get(digest)) == ROWS


def test_a_write_that_was_cut_off_leaves_no_evidence(store, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.mv", fail)
    with pytest.raises(UnavailableError, match="No space left on device"):
        store.put(ROWS)
    monkeypatch.undo()

    assert [p for p in files(store, tmp_path) if p.suffix == ".parquet"] == []
    assert list(store.get(store.put(ROWS))) == ROWS


@pytest.mark.parametrize("digest", ["", "x", "sha256:..", f"md5:{'0' * 64}", "sha256:" + "/" * 64])
def test_a_name_that_is_not_a_digest_finds_nothing(store, digest):
    with pytest.raises(NotFoundError):
        store.get(digest)


@pytest.mark.parametrize("values", [["a", 1], [b"x", "y"], [{1, 2}], [object()], [{"x": object()}]])
def test_a_column_of_mixed_kinds_is_refused_by_name(store, values):
    with pytest.raises(InputError, match="the column 'x'"):
        store.put([{"x": value} for value in values])


def test_words_times_and_whole_numbers_stay_what_they_are(store):
    at = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
    (row,) = store.get(store.put([{"status": RowStatus.OK, "at": at, "n": 2**53 + 1, "b": True}]))

    assert row == {"status": "ok", "at": at, "n": 2**53 + 1, "b": True}


def test_a_store_travels_to_other_processes(store):
    digest = store.put(ROWS)
    travelled = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes

    assert list(travelled.get(digest)) == ROWS
