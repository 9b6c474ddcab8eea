"""The release store in SQLite: several controllers, and records of other versions."""

import json
import pickle
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context

import pytest

from release_assets.domain.errors import AdapterError, ConflictError, UnavailableError
from release_assets.domain.live.traffic import LiveBatch
from release_assets.domain.rollout.machine import Rollout
from resources.codec import JsonCodec
from resources.release_store import SqlReleaseStore
from tests.ports.test_release_store_port import ADVANCE, BATCH, ROLLOUT, WAIT, notice


@pytest.fixture
def store(tmp_path):
    return SqlReleaseStore(f"sqlite:///{tmp_path}/releases.db")


def advance(url, because):
    """One controller that read version 1 and now writes version 2."""
    try:
        SqlReleaseStore(url).save_rollout(replace(ROLLOUT, because=because, version=2))
    except ConflictError:
        return None
    return because


def test_of_many_controllers_one_writes_and_the_others_are_refused(store):
    store.save_rollout(ROLLOUT)
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        done = [pool.submit(advance, store.url, f"controller {n}") for n in range(8)]
        winners = [future.result() for future in done if future.result()]

    assert winners == [store.rollout(ROLLOUT.release).because]


def test_what_was_stored_is_there_after_a_restart(store):
    store.save_rollout(ROLLOUT)
    store.add_look(ROLLOUT.release, BATCH, {}, WAIT)
    store.enqueue(notice("a"))

    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes

    assert again.rollout(ROLLOUT.release) == ROLLOUT
    assert again.looks(ROLLOUT.release) == (BATCH,)
    assert again.undelivered() == (notice("a"),)


def test_a_record_of_another_version_is_an_error(store, tmp_path):
    store.save_rollout(ROLLOUT)
    connection = sqlite3.connect(tmp_path / "releases.db")
    connection.execute("UPDATE rollouts SET record = '{}'")
    connection.commit()
    connection.close()

    with pytest.raises(AdapterError, match="a stored Rollout cannot be read"):
        store.rollout(ROLLOUT.release)


def test_a_store_that_cannot_be_opened_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError, match="see that its folder exists"):
        SqlReleaseStore(f"sqlite:///{tmp_path}/nowhere/releases.db").undelivered()


def older_file(path):
    """A file of the version that kept the live state after every look."""
    record = JsonCodec(LiveBatch).write(BATCH)
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE rollouts"
        " (release TEXT PRIMARY KEY, is_over BOOLEAN NOT NULL, record TEXT NOT NULL);"
        "CREATE TABLE looks (release TEXT, id INTEGER, record TEXT NOT NULL,"
        " evidence TEXT NOT NULL, PRIMARY KEY (release, id));"
        "CREATE TABLE outbox (number INTEGER PRIMARY KEY, dedup TEXT NOT NULL UNIQUE,"
        " delivered BOOLEAN NOT NULL, record TEXT NOT NULL);"
        "CREATE TABLE nonces (nonce TEXT PRIMARY KEY);"
    )
    connection.execute("INSERT INTO looks VALUES (?, 1, ?, '{}')", (ROLLOUT.release, record))
    connection.execute(
        "INSERT INTO rollouts VALUES (?, 0, ?)",
        (ROLLOUT.release, JsonCodec(Rollout).write(ROLLOUT)),
    )
    connection.commit()
    connection.close()


def test_an_older_file_opens_and_its_looks_can_be_replayed(store, tmp_path):
    """Its states are not taken over: what a rollout saw is there, and nothing is decided by it."""
    older_file(tmp_path / "releases.db")

    assert store.rollout(ROLLOUT.release) == ROLLOUT
    assert store.looks(ROLLOUT.release) == (BATCH,)
    assert store.live_state(ROLLOUT.release) is None
    assert store.decision(ROLLOUT.release) is None


def test_a_look_that_counted_slow_calls_alone_can_be_read(store, tmp_path):
    """Before calls were counted by latency, a look had those over the p95 limit of its stage."""
    older = json.loads(JsonCodec(LiveBatch).write(BATCH))
    del older["candidate"]["over_ms"]
    older["candidate"]["slow"] = 3
    store.add_look(ROLLOUT.release, BATCH, {}, WAIT)
    with closing(sqlite3.connect(tmp_path / "releases.db")) as connection:
        connection.execute("UPDATE looks SET record = ?", (json.dumps(older),))
        connection.commit()

    (look,) = store.looks(ROLLOUT.release)
    assert look.candidate == replace(BATCH.candidate, over_ms={}, slow=3)


def test_an_older_file_takes_new_looks(store, tmp_path):
    older_file(tmp_path / "releases.db")
    second = replace(BATCH, id=2)
    store.add_look(ROLLOUT.release, second, {"last_batch": 2}, ADVANCE)

    again = SqlReleaseStore(store.url)
    assert again.looks(ROLLOUT.release) == (BATCH, second)
    assert again.live_state(ROLLOUT.release) == {"last_batch": 2}
    assert again.decision(ROLLOUT.release) == ADVANCE


def test_one_live_state_is_kept_for_each_rollout(store, tmp_path):
    for number in range(1, 6):
        store.add_look(ROLLOUT.release, replace(BATCH, id=number), {"last_batch": number}, WAIT)
    store.add_look("policy-search-102", BATCH, {"last_batch": 1}, WAIT)
    with closing(sqlite3.connect(tmp_path / "releases.db")) as connection:
        rows = connection.execute("SELECT release, look FROM live_states ORDER BY release")

        assert rows.fetchall() == [(ROLLOUT.release, 5), ("policy-search-102", 1)]


def test_a_stored_decision_with_an_unknown_word_is_none(store, tmp_path):
    """Of another version: the next look decides anew, and no other rollout waits for it."""
    store.add_look(ROLLOUT.release, BATCH, {}, WAIT)
    connection = sqlite3.connect(tmp_path / "releases.db")
    connection.execute("""UPDATE looks SET decision = '{"act": "pause"}'""")
    connection.commit()
    connection.close()

    assert store.decision(ROLLOUT.release) is None
