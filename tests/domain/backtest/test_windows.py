"""A recording is cut into the windows that looks would have seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from release_assets.domain.backtest import scores as recorded_scores
from release_assets.domain.backtest.calls import RecordingNeeds
from release_assets.domain.errors import InputError
from tests.domain.backtest.recorded_world import plan, replays, row, windows
from tests.domain.live.live_world import T0


def cut(rows, **how):
    return list(windows(rows, plan(), **how)[1])


def starts(found):
    return [(w.since - T0).total_seconds() for w in found]


def test_windows_follow_the_clock_and_an_empty_one_is_none():
    rows = [row(s, "candidate", f"u{s}") for s in (0, 9.9, 10, 47, 61)]

    assert starts(cut(rows)) == [0, 10, 40, 60]
    assert [w.candidate.requests for w in cut(rows)] == [2, 1, 1, 1]


def test_no_call_is_read_ahead_of_its_window():
    _, found = windows((row(s, "candidate", f"u{s}") for s in iter(range(10**9))), plan())

    assert next(found).candidate.requests == 10


def test_arms_are_counted_apart():
    rows = [
        row(0, "candidate", "a", error=True, latency_ms=5_000.0),
        row(1, "stable", "b", cost_usd=None, refusal=True),
        row(2, "stable", "c", timeout=True),
    ]

    (window,) = cut(rows)
    ours = window.candidate.counts([4_500], with_latencies=True)
    theirs = window.stable.counts([], with_latencies=False)

    assert (ours.requests, ours.errors, ours.over_ms, ours.costs_usd) == (1, 1, {4_500: 1}, (0.01,))
    assert (len(ours.latencies_ms), theirs.latencies_ms) == (1, ())
    assert (theirs.requests, theirs.refusals, theirs.timeouts, theirs.over_ms) == (2, 1, 1, {})
    assert theirs.costs_usd == (0.01,)


def test_a_pair_belongs_to_the_window_of_its_later_half():
    rows = [row(0, "candidate", "a", 1.0, pair="p"), row(12, "stable", "a", 0.0, pair="p")]

    first, second = cut(rows)

    assert (first.pairs, first.candidate_scored) == ((), 0)
    (pair,) = second.pairs
    assert (pair.candidate, pair.stable, pair.unit) == (1.0, 0.0, "a")


def test_half_of_a_pair_may_come_before_the_candidates_first_call():
    rows = [row(0, "stable", "a", 1.0, pair="p"), row(1, "candidate", "a", 1.0, pair="p")]

    (window,) = cut(rows)

    assert len(window.pairs) == 1
    assert (window.candidate.requests, window.stable.requests) == (1, 0)


def test_a_scorer_that_scored_one_half_left_a_score_missing():
    rows = [row(0, "candidate", "a", pair="p"), row(1, "stable", "a", 1.0, pair="p")]

    assert cut(rows)[0].pairs[0].candidate is None


def test_other_scorers_are_not_gathered_but_known_by_name():
    cutter, found = windows([row(0, "candidate", "a", scores={"tone": 1.0})], plan())

    assert next(found).calls == ()
    assert cutter.facts.other_scorers == {"tone"}


def test_a_rating_counts_when_it_has_matured():
    rows = [row(s, "candidate", f"u{s}", feedback="negative") for s in range(40)]

    at_once = [w.candidate.feedback_negative for w in cut(rows)]
    matured = [
        w.candidate.feedback_negative for w in cut(rows, matures_after=timedelta(seconds=15))
    ]

    assert at_once == [10, 10, 10, 10]
    assert matured == [0, 5, 10, 10]


def test_silence_counts_where_the_share_of_traffic_does_not_explain_it():
    rows = [row(s / 2, "candidate" if s % 2 else "stable", f"u{s}") for s in range(40)]
    gone = rows + [row(20 + s / 10, "stable", f"v{s}") for s in range(300)]

    assert all(not w.silence for w in cut(rows))
    assert cut(gone)[-1].silence > timedelta(seconds=29)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(5, "candidate", "a"), row(4, "stable", "b")], "calls.jsonl:2: goes back in time"),
        ([row(5, "stable", "a"), row(4, "stable", "b")], "calls.jsonl:2: goes back in time"),
        (
            [row(0, "candidate", "a", 1.0, pair="p")] * 2,
            "calls.jsonl:2: pair 'p' stands twice on one arm, first on line 1",
        ),
        (
            [*replays(0.1), replays(0.1)[0]],
            "calls.jsonl:3: pair '1-0.0-0' has both its calls already",
        ),
        (
            [
                row(0, "candidate", "a", 1.0, pair="p", locale="de-DE"),
                row(0, "stable", "a", 1.0, pair="p"),
            ],
            "calls.jsonl:2: pair 'p' has other slices on the other arm",
        ),
    ],
    ids=["backwards", "backwards before the ramp", "twice", "third", "slices"],
)
def test_what_cannot_have_happened_is_refused_with_its_line(rows, told):
    with pytest.raises(InputError) as caught:
        cut(rows)

    assert told in str(caught.value)
    assert caught.value.hint


def test_arms_that_were_not_recorded_side_by_side_are_refused(monkeypatch):
    monkeypatch.setattr(recorded_scores, "MOST_WAITING", 3)
    rows = [row(n, "candidate", f"u{n}", 1.0, pair=f"p{n}") for n in range(5)]

    with pytest.raises(InputError, match="more than 3 pairs wait for their other arm"):
        cut(rows)


def test_needs_name_the_slo_that_asks():
    slo = "    slos:\n      fairness_locale_delta_max: 0.04"
    needs = RecordingNeeds.of(plan(**{"duration_min: 2": f"duration_min: 2\n{slo}"}))

    assert needs.scorers == {"groundedness": "eval_groundedness_drift_max"}
    assert needs.slices == {"locale": "fairness_locale_delta_max"}
    assert needs.metrics["latency_ms"] == "p95_latency_ms_max"
