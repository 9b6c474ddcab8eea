"""The ledger in SQLite: what it refuses, what it notices, and what it survives."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

import pytest

from release_assets.domain.errors import InputError, LedgerError
from release_assets.domain.ledger.entries import Head
from release_assets.domain.ledger.verification import verify
from resources import database, ledger_store
from resources.ledger_store import SqlLedger

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    return SqlLedger(f"sqlite:///{path}")


@pytest.fixture
def filled(ledger):
    for number in range(9):
        ledger.append("verdict", {"n": number}, at=NOW, release=f"policy-search-{number % 2}")
    return ledger


def run_sql(path, *statements):
    connection = sqlite3.connect(path)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def without_guards(path, *statements):
    """What the owner of the file can do."""
    guards = ("update", "delete", "gaps_and_replacement")
    run_sql(path, *(f"DROP TRIGGER ledger_refuses_{name}" for name in guards), *statements)


REFUSED = {
    "change": "UPDATE ledger SET kind = 'drift' WHERE seq = 3",
    "removal": "DELETE FROM ledger WHERE seq = 9",
    "removal of all": "DELETE FROM ledger",
    "replacement by number": "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 3",
    "replacement by hash": (
        "INSERT OR REPLACE INTO ledger "
        "SELECT 10, at, kind, release, release_digest, body, leaf, peaks FROM ledger WHERE seq = 3"
    ),
    "replacement on conflict": (
        "INSERT INTO ledger SELECT * FROM ledger WHERE seq = 3 "
        "ON CONFLICT DO UPDATE SET kind = 'drift'"
    ),
    "a gap": (
        "INSERT INTO ledger (seq, at, kind, body, leaf, peaks) "
        "VALUES (11, 't', 'drift', x'7b7d', x'00', x'00')"
    ),
    "a number that SQLite chooses": (
        "INSERT INTO ledger (at, kind, body, leaf, peaks) "
        "VALUES ('t', 'drift', x'7b7d', x'00', x'00')"
    ),
}


@pytest.mark.parametrize("act", REFUSED)
def test_the_database_itself_refuses(filled, path, act):
    before = filled.verify()
    with pytest.raises(sqlite3.IntegrityError, match="the ledger"):
        run_sql(path, REFUSED[act])

    assert filled.verify() == before


TAMPERING = {
    "a changed body": "UPDATE ledger SET body = x'7b7d' WHERE seq = 4",
    "a changed release": "UPDATE ledger SET release = 'policy-search-7' WHERE seq = 4",
    "a removed entry": "DELETE FROM ledger WHERE seq = 4",
    "a removed first entry": "DELETE FROM ledger WHERE seq = 1",
    "a body of text": "UPDATE ledger SET body = 'hello' WHERE seq = 4",
    "a hash of another entry": ("UPDATE ledger SET leaf = zeroblob(32) WHERE seq = 4",),
    "exchanged bodies": (
        "UPDATE ledger SET body = (SELECT body FROM ledger WHERE seq = 6) WHERE seq = 4"
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_nothing_is_read_from_a_ledger_changed_by_hand(filled, path, how):
    statements = TAMPERING[how]
    without_guards(path, *([statements] if isinstance(statements, str) else statements))

    with pytest.raises(LedgerError):
        filled.entries()
    with pytest.raises(LedgerError, match=r"entry [14]"):
        filled.verify()


@pytest.mark.parametrize(
    "hide",
    [
        "UPDATE ledger SET kind = 'notice' WHERE seq = 10",
        "UPDATE ledger SET release = NULL WHERE seq = 10",
        "DELETE FROM ledger WHERE seq = 10",
        "UPDATE ledger SET seq = 99 WHERE seq = 10",
    ],
)
@pytest.mark.parametrize("was_read_before", [True, False])
def test_a_no_is_not_hidden_by_hand(filled, path, hide, was_read_before):
    """The question who signed a no must not be answered with: no one."""
    filled.append("sign_off", {"decision": "no"}, at=NOW, release="policy-search-1")
    filled.append("notice", {}, at=NOW)
    reader = SqlLedger(filled.url)
    if was_read_before:
        assert len(reader.entries(kinds=["sign_off"])) == 1
    without_guards(path, hide)

    with pytest.raises(LedgerError, match=r"entry 1[02]"):
        reader.entries(kinds=["sign_off"], release="policy-search-1")


def test_a_reader_sees_what_others_write(filled):
    reader = SqlLedger(filled.url)
    assert len(reader.entries()) == 9
    filled.append("drift", {"n": 1}, at=NOW)

    assert [e.seq for e in reader.entries(after=8)] == [9, 10]
    assert reader.head() == filled.verify()


def test_many_entries_are_found_again(ledger, monkeypatch):
    monkeypatch.setattr(ledger_store, "_AT_ONCE", 5)
    for number in range(23):
        ledger.append("drift" if number % 2 else "notice", {"n": number}, at=NOW)

    assert [e.seq for e in ledger.entries(kinds=["notice"])] == list(range(1, 24, 2))
    assert [e.seq for e in ledger.entries(after=3)] == list(range(4, 24))


def test_a_cut_tail_is_noticed_by_whoever_read_before(filled, path):
    filled.entries()
    without_guards(path, "DELETE FROM ledger WHERE seq > 5")

    with pytest.raises(LedgerError, match="entry 6 and what follows were cut off"):
        filled.entries()


def test_a_recomputed_ledger_is_noticed_by_whoever_read_before(filled, path):
    filled.entries()
    other = SqlLedger(f"sqlite:///{path}.forged")
    for number in range(9):
        other.append("verdict", {"n": -number}, at=NOW)
    path.unlink()
    path.with_name(f"{path.name}.forged").rename(path)

    with pytest.raises(LedgerError, match="everything after it recomputed"):
        filled.entries()


def test_a_recomputed_ledger_is_noticed_by_a_head_seen_elsewhere(filled):
    with pytest.raises(LedgerError, match="another root"):
        filled.verify(seen=[Head(size=4, root=f"sha256:{'0' * 64}")])


def test_nothing_is_written_once_the_guards_are_gone(filled, path):
    run_sql(path, "DROP TRIGGER ledger_refuses_delete")

    with pytest.raises(LedgerError, match="triggers that guard the ledger were changed"):
        filled.append("drift", {}, at=NOW)
    assert filled.verify().size == 9


def test_a_ledger_travels_to_other_processes_by_its_url(filled):
    travelled = pickle.loads(pickle.dumps(filled))  # noqa: S301 - our own bytes

    assert travelled.head() == filled.head()


def append_some(url, name, count):
    ledger = SqlLedger(url)
    return [ledger.append("drift", {"by": name, "n": n}, at=NOW).seq for n in range(count)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_several_processes_append_at_once_and_lose_nothing(path, method):
    """None of them found the ledger made; each waits for the others."""
    url = f"sqlite:///{path}"
    with ProcessPoolExecutor(4, mp_context=get_context(method)) as pool:
        futures = [pool.submit(append_some, url, name, 15) for name in "abcd"]
        numbers = [number for future in futures for number in future.result()]

    assert sorted(numbers) == list(range(1, 61))
    assert SqlLedger(url).verify().size == 60


def test_a_forked_process_goes_on_with_the_same_object(filled):
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        try:
            filled.append("drift", {"by": "child"}, at=NOW)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    filled.append("drift", {"by": "parent"}, at=NOW)

    assert [e.body["by"] for e in filled.entries(kinds=["drift"])] == ["child", "parent"]


WRITER = """
import sys
from datetime import UTC, datetime
from resources.ledger_store import SqlLedger

ledger = SqlLedger(sys.argv[1])
print("ready", flush=True)
while True:
    entry = ledger.append("drift", {"text": "x" * 3000}, at=datetime(2026, 6, 1, tzinfo=UTC))
    print(entry.seq, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_kill_9_loses_no_entry_that_was_confirmed(path, after):
    url = f"sqlite:///{path}"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
    )
    try:
        confirmed = [writer.stdout.readline() for _ in range(after + 1)]
    finally:
        writer.send_signal(signal.SIGKILL)
        confirmed += writer.communicate()[0].splitlines()

    numbers = [int(line) for line in confirmed if line.strip().isdigit()]
    size = SqlLedger(url).verify().size
    assert size in {max(numbers), max(numbers) + 1}
    assert SqlLedger(url).append("drift", {}, at=NOW).seq == size + 1


def test_a_full_disk_is_reported_and_leaves_nothing_half_written(filled, monkeypatch):
    connected = database._connected

    def on_a_small_disk(connection, record):
        connected(connection, record)
        connection.execute("PRAGMA max_page_count = 12")

    monkeypatch.setattr(database, "_connected", on_a_small_disk)
    small = SqlLedger(filled.url)
    with pytest.raises(LedgerError, match=r"nothing was written.*disk is full; free space"):
        small.append("evidence", {"text": "x" * 200_000}, at=NOW)

    assert filled.verify().size == 9
    assert filled.append("drift", {}, at=NOW).seq == 10


def test_a_busy_ledger_is_waited_for(filled, path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(append_some, filled.url, "late", 1)
        time.sleep(0.3)
        assert not future.done()
        holder.execute("ROLLBACK")
        holder.close()

        assert future.result() == [10]


def test_a_ledger_that_stays_busy_is_given_up_with_a_sentence(filled, path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(LedgerError, match=r"nothing was written.*another process holds it"):
            SqlLedger(filled.url, wait_seconds=0.05).append("drift", {}, at=NOW)
    finally:
        holder.close()

    assert filled.head().size == 9


def test_readers_do_not_wait_for_a_writer(filled, path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert len(SqlLedger(filled.url, wait_seconds=0.05).entries()) == 9
    finally:
        holder.close()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_a_url_that_keeps_nothing_is_refused(url):
    with pytest.raises(InputError, match=r"write sqlite:///folder/name\.db"):
        SqlLedger(url)


def test_a_missing_driver_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(InputError, match="pip install psycopg2-binary"):
        SqlLedger("postgresql+psycopg2://nobody@nowhere/ledger").head()


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(LedgerError, match="see that its folder exists"):
        SqlLedger(f"sqlite:///{tmp_path}/nowhere/ledger.db").head()


def test_a_file_that_is_not_a_database_is_reported(path):
    path.write_text("hello " * 1000)
    with pytest.raises(LedgerError, match="the file is not a database"):
        SqlLedger(f"sqlite:///{path}").append("drift", {}, at=NOW)


def test_asking_whether_a_ledger_is_there_does_not_make_it(ledger, path):
    assert not ledger.is_there()
    assert not path.exists()
    ledger.head()
    assert ledger.is_there()


def test_the_rows_can_be_verified_without_us(filled):
    """A stranger needs two hashes of SHA-256 and two lines of JSON an entry."""
    assert verify(filled.rows()) == filled.head()
