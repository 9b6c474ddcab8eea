"""Silence and chance are kept apart, arm by arm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_assets.domain.live.silence import silence
from release_assets.domain.live.traffic import CallCounts
from tests.domain.live.live_world import T0, batch


def looks(*requests):
    """One look of 30 s for each (candidate, stable) number of calls."""
    return [
        batch(
            number,
            candidate=CallCounts(requests=ours),
            stable=CallCounts(requests=theirs),
            seconds=30,
        )
        for number, (ours, theirs) in enumerate(requests, start=1)
    ]


def unseen(*requests, pct=1.0):
    seen = looks(*requests)
    now = T0 + timedelta(seconds=30 * len(seen))
    return silence(reversed(seen), since=T0, now=now, traffic_pct=pct)


@pytest.mark.parametrize(
    ("requests", "quiet_looks"),
    [
        ([(3, 300), (2, 250)], 0),
        ([(3, 300), (0, 250), (0, 260)], 0),  # some 5 were to be expected: chance
        ([(3, 300), (0, 1100), (0, 1100)], 2),  # 22 were: the candidate is not reached
        ([(3, 300), (0, 0), (0, 0)], 2),
        ([(0, 0), (0, 0)], 2),
        ([], 0),
        ([(0, 0), (1, 0)], 0),
        ([(1, 10), (0, 0), (0, 5), (0, 0)], 1),
    ],
)
def test_silence_is_counted_in_whole_looks(requests, quiet_looks):
    assert unseen(*requests) == timedelta(seconds=30 * quiet_looks)


def test_at_full_traffic_stables_silence_is_no_evidence():
    assert unseen((100, 0), (90, 0), pct=100.0) == timedelta()
    assert unseen((100, 0), (0, 0), pct=100.0) == timedelta(seconds=30)


def test_an_unknown_share_accuses_nobody_of_missing_calls():
    assert unseen((3, 300), (0, 9_000), pct=None) == timedelta()


CALLS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5_000)), max_size=12)


@given(CALLS, st.floats(0, 100))
def test_a_look_with_candidate_calls_ends_all_silence(requests, pct):
    assert unseen(*requests, (1, 0), pct=pct) == timedelta()


@given(CALLS, st.floats(0, 100))
def test_silence_is_never_longer_than_the_stage(requests, pct):
    assert timedelta() <= unseen(*requests, pct=pct) <= timedelta(seconds=30 * len(requests))


def test_nothing_is_read_from_before_the_last_look_that_heard_the_candidate():
    newest = reversed(looks((9, 9), (3, 300), (0, 0)))
    silence(newest, since=T0, now=T0 + timedelta(seconds=90), traffic_pct=1.0)
    assert [look.id for look in newest] == [1]
