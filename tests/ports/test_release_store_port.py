"""What every release store promises, whatever keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from release_assets.domain.errors import ConflictError
from release_assets.domain.live.traffic import CallCounts, LiveBatch, ScoredCall, ScoredPair
from release_assets.domain.rollout.decision import StageAct
from release_assets.domain.rollout.look_decision import LookDecision
from release_assets.domain.rollout.machine import RolloutState
from release_assets.ports import Notice
from resources.release_store import SqlReleaseStore
from tests.domain.rollout.rollouts import rollout
from tests.ports.fakes import MemoryReleaseStore

NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
ROLLOUT = rollout(
    release="policy-search-101",
    stage_entered_at=NOW,
    healthy=timedelta(seconds=90, microseconds=7),
    because="promoted",
)
PAIR = ScoredPair(
    unit="s-1",
    at=NOW,
    scorer="groundedness",
    scorer_version="1",
    candidate=1 / 3,
    stable=None,
    slices={"locale": "de-DE"},
)
CALL = ScoredCall(
    unit="s-2", at=NOW, scorer="correctness", scorer_version="1", is_candidate=True, score=0.1
)
BATCH = LiveBatch(
    id=1,
    stage=0,
    since=NOW,
    until=NOW + timedelta(seconds=5),
    candidate=CallCounts(requests=7, over_ms={0.1: 3, 4500.0: 0}, costs_usd=(0.1, 1e-17)),
    stable=CallCounts(requests=700, feedback=3),
    pairs=(PAIR,),
    calls=(CALL,),
)
WAIT = LookDecision(
    at=NOW, stage=0, rollout_version=4, act=StageAct.WAIT, because="9 s of 2 min", is_frozen=True
)
ADVANCE = LookDecision(
    at=NOW, stage=0, rollout_version=5, act=StageAct.ADVANCE, because="2 min healthy"
)


def notice(dedup, minutes=0):
    return Notice(
        channel="slack:#ai-platform-incidents",
        headline="rolled back",
        text="groundedness fell",
        release="policy-search-101",
        dedup=dedup,
        at=NOW + timedelta(minutes=minutes),
    )


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryReleaseStore()
    return SqlReleaseStore(f"sqlite:///{tmp_path}/releases.db")


def test_a_rollout_reads_back_as_it_was_saved(store):
    store.save_rollout(ROLLOUT)

    assert store.rollout("policy-search-101") == ROLLOUT
    assert store.rollout("policy-search-102") is None


def test_a_rollout_is_replaced_by_its_next_version(store):
    store.save_rollout(ROLLOUT)
    following = replace(ROLLOUT, stage=1, version=2, last_look_at=NOW)
    store.save_rollout(following)

    assert store.rollout(ROLLOUT.release) == following


def test_saving_again_after_a_lost_reply_changes_nothing(store):
    store.save_rollout(ROLLOUT)
    store.save_rollout(ROLLOUT)

    assert store.rollout(ROLLOUT.release) == ROLLOUT


@pytest.mark.parametrize("version", [1, 3, 0])
def test_of_two_controllers_one_is_refused(store, version):
    store.save_rollout(ROLLOUT)
    with pytest.raises(ConflictError):
        store.save_rollout(replace(ROLLOUT, stage=1, version=version))

    assert store.rollout(ROLLOUT.release) == ROLLOUT


def test_a_rollout_begins_with_version_one(store):
    with pytest.raises(ConflictError):
        store.save_rollout(replace(ROLLOUT, version=2))


@pytest.mark.parametrize("state", RolloutState)
def test_a_rollout_is_active_until_it_is_over(store, state):
    store.save_rollout(replace(ROLLOUT, state=state))

    is_over = state in {RolloutState.COMPLETE, RolloutState.ROLLED_BACK}
    assert bool(store.active_rollouts()) is not is_over


def test_looks_read_back_in_order(store):
    second = replace(BATCH, id=2, pairs=(), calls=())
    store.add_look("policy-search-101", second, {"last_batch": 2}, WAIT)
    store.add_look("policy-search-101", BATCH, {"last_batch": 1}, WAIT)

    assert store.looks("policy-search-101") == (BATCH, second)
    assert store.looks("policy-search-102") == ()


def test_looks_read_backwards_as_far_as_somebody_asks(store):
    looks = [replace(BATCH, id=number, pairs=(), calls=()) for number in range(1, 51)]
    for look in looks:
        store.add_look("policy-search-101", look, {"last_batch": look.id}, WAIT)
    store.add_look("policy-search-102", BATCH, {"last_batch": 1}, WAIT)

    backwards = store.newest_looks("policy-search-101")
    assert next(backwards) == looks[-1]
    assert list(backwards) == looks[-2::-1]


@pytest.mark.parametrize("is_late", [False, True])
def test_the_newest_look_comes_with_its_decision_and_the_state_after_it(store, is_late):
    """Also where an earlier look is stored after it."""
    looks = [
        (BATCH, {"last_batch": 1, "capital": [1 / 3]}, WAIT),
        (replace(BATCH, id=2), {"last_batch": 2, "capital": [1e-17]}, ADVANCE),
    ]
    for look in reversed(looks) if is_late else looks:
        store.add_look("policy-search-101", *look)

    assert next(store.newest_looks("policy-search-101")).id == 2
    assert store.live_state("policy-search-101") == {"last_batch": 2, "capital": [1e-17]}
    assert store.decision("policy-search-101") == ADVANCE


def test_a_rollout_that_nobody_looked_at_has_no_evidence_and_no_decision(store):
    store.add_look("policy-search-102", BATCH, {"last_batch": 1}, ADVANCE)

    assert list(store.newest_looks("policy-search-101")) == []
    assert store.live_state("policy-search-101") is None
    assert store.decision("policy-search-101") is None


def test_the_same_look_again_changes_nothing(store):
    store.add_look("policy-search-101", BATCH, {"last_batch": 1}, WAIT)
    store.add_look("policy-search-101", replace(BATCH, stage=3), {"last_batch": 7}, ADVANCE)

    assert store.looks("policy-search-101") == (BATCH,)
    assert store.live_state("policy-search-101") == {"last_batch": 1}
    assert store.decision("policy-search-101") == WAIT


def test_notices_leave_the_outbox_in_the_order_they_came(store):
    for dedup in ("b", "a", "c"):
        store.enqueue(notice(dedup))
    store.mark_delivered("a")

    assert store.undelivered() == (notice("b"), notice("c"))


def test_a_notice_is_kept_once_even_after_delivery(store):
    store.enqueue(notice("a"))
    store.mark_delivered("a")
    store.mark_delivered("a")
    store.enqueue(notice("a", minutes=5))

    assert store.undelivered() == ()
