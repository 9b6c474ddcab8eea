"""What every evidence store promises, whatever keeps it."""

import pytest

from release_assets.domain.errors import NotFoundError
from resources.evidence_store import FileEvidenceStore
from tests.ports.fakes import MemoryEvidenceStore

ROWS = (
    {"case": "prod-1", "score": 0.1, "repeat": 1, "slices": {"locale": "de-DE"}, "tags": ["a"]},
    {"case": "prod-2", "score": None, "repeat": 2, "slices": {"locale": "日本", "team": "x"}},
)


@pytest.fixture(params=["memory", "files"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryEvidenceStore()
    return FileEvidenceStore(str(tmp_path / "evidence"))


def test_rows_read_back_as_they_were_stored(store):
    assert list(store.get(store.put(ROWS))) == [ROWS[0], ROWS[1] | {"tags": None}]


def test_equal_rows_are_one_piece_of_evidence(store):
    turned = [dict(reversed(row.items())) for row in ROWS]

    assert store.put(ROWS) == store.put(ROWS) == store.put(turned)


def test_other_rows_are_other_evidence(store):
    digests = {store.put(rows) for rows in (ROWS, ROWS[:1], ROWS[::-1], ())}

    assert len(digests) == 4
    assert all(digest.startswith("sha256:") for digest in digests)


def test_an_empty_table_is_evidence_too(store):
    assert list(store.get(store.put([]))) == []


def test_what_was_never_stored_is_not_found(store):
    with pytest.raises(NotFoundError):
        store.get(f"sha256:{'0' * 64}")
