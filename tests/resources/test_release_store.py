"""The release store in SQLite: several controllers, and records of other versions."""

import pickle
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from release_assets.domain.errors import AdapterError, ConflictError, UnavailableError
from resources.release_store import SqlReleaseStore
from tests.ports.test_release_store_port import BATCH, ROLLOUT, notice


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


def use(url):
    return SqlReleaseStore(url).use_nonce("n")


def test_of_many_who_hand_in_one_nonce_one_is_first(store):
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        used = [pool.submit(use, store.url) for _ in range(8)]

        assert sorted(future.result() for future in used) == [False] * 7 + [True]


def test_what_was_stored_is_there_after_a_restart(store):
    store.save_rollout(ROLLOUT)
    store.add_look(ROLLOUT.release, BATCH, {})
    store.enqueue(notice("a"))

    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes

    assert again.rollout(ROLLOUT.release) == ROLLOUT
    assert again.looks(ROLLOUT.release) == (BATCH,)
    assert again.undelivered() == (notice("a"),)


def test_a_record_of_another_version_is_said(store, tmp_path):
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
