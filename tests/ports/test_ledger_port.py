"""What every ledger promises, whatever keeps it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from release_assets.domain.errors import LedgerError, UnknownWordError
from release_assets.domain.ledger.entries import Head
from resources.ledger_store import SqlLedger
from tests.ports.fakes import MemoryLedger

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request, tmp_path):
    if request.param == "memory":
        return MemoryLedger()
    return SqlLedger(f"sqlite:///{tmp_path}/ledger.db")


def test_a_new_ledger_is_empty(ledger):
    assert ledger.head() == Head.of(0, ())
    assert ledger.entries() == ()


def test_an_entry_reads_back_as_it_was_returned(ledger):
    body = {"outcome": "passed", "n": 214, "findings": [{"because": "déjà vu, 日本"}], "none": None}

    entry = ledger.append(
        "verdict", body, at=NOW, release="policy-search-101", release_digest="sha256:aa"
    )

    assert ledger.entries() == (entry,)
    assert (entry.seq, entry.at, entry.body) == (1, NOW, body)
    assert entry.digest == f"sha256:{entry.leaf.hex()}"


def test_numbers_with_a_fraction_become_decimal_text(ledger):
    entry = ledger.append("evidence", {"a": 0.1, "b": [1e-9], "c": Decimal("1.50")}, at=NOW)

    assert entry.body == {"a": "0.1", "b": ["1e-09"], "c": "1.50"}


def test_entries_are_numbered_in_order_and_the_head_grows(ledger):
    heads = [ledger.head()]
    for number in range(5):
        assert ledger.append("drift", {"n": number}, at=NOW).seq == number + 1
        heads.append(ledger.head())

    assert [head.size for head in heads] == list(range(6))
    assert len({head.root for head in heads}) == 6


def test_entries_are_found_by_release_digest_kind_and_number(ledger):
    ledger.append("verdict", {"gate": "staging"}, at=NOW, release="a-1", release_digest="sha256:a")
    ledger.append("intent", {}, at=NOW, release="a-1")
    ledger.append("verdict", {"gate": "staging"}, at=NOW, release="a-2", release_digest="sha256:a")

    assert [e.seq for e in ledger.entries(release_digest="sha256:a")] == [1, 3]
    assert [e.seq for e in ledger.entries(release_digest="sha256:a", release="a-2")] == [3]
    assert [e.seq for e in ledger.entries(release="a-1")] == [1, 2]
    assert [e.seq for e in ledger.entries(kinds=["verdict"])] == [1, 3]
    assert [e.seq for e in ledger.entries(kinds=["verdict", "intent"], after=1)] == [2, 3]
    assert ledger.entries(release="a-1", kinds=["drift"]) == ()


def test_times_are_kept_in_utc(ledger):
    there = timezone(timedelta(hours=9))

    entry = ledger.append("notice", {}, at=datetime(2026, 6, 1, 21, tzinfo=there))

    assert entry.at == NOW
    assert entry.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"x": float("nan")}, r"body\.x is nan"),
        ({"x": [1, float("inf")]}, r"body\.x\[1\] is inf"),
        ({"x": {"y": NOW}}, r"body\.x\.y is a datetime"),
        ({"x": b"bytes"}, r"body\.x is a bytes"),
        ({1: "x"}, "key 1, which is not text"),
        ({"x": 2**53}, "write it as text"),
        ({"x": "\ud800"}, "write it as text"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(ledger, body, reason):
    with pytest.raises(LedgerError, match=reason):
        ledger.append("evidence", body, at=NOW)

    assert ledger.head() == Head.of(0, ())


def test_a_time_without_a_zone_is_refused(ledger):
    with pytest.raises(LedgerError, match="no zone"):
        ledger.append("evidence", {}, at=NOW.replace(tzinfo=None))


def test_an_unknown_kind_is_refused_with_the_nearest_one(ledger):
    with pytest.raises(UnknownWordError, match="did you mean 'verdict'"):
        ledger.append("verdct", {}, at=NOW)
