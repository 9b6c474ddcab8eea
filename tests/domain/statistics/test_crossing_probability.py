"""The promise of 1 %, checked exactly: every path of binary scores, by dynamic programming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from release_assets.domain.live import judge
from release_assets.domain.live.state import ALPHA
from release_assets.domain.live.traffic import CallCounts
from release_assets.domain.live.wealth import evidence_against
from tests.domain.live.live_world import T0, batch, only, pair, plan

LONGEST = 60


def one_call(number, *, event):
    """One call in no time: no wealth starts but what the stage started with."""
    counts = CallCounts(requests=1, errors=int(event))
    return replace(batch(number, candidate=counts), since=T0, until=T0)


def crossed_by_calls_and_events(limit):
    """Whether E_total has crossed after n calls with s errors; the path does not matter."""
    the_plan = only({"error_rate_max": limit})
    row = [judge.start(the_plan)]
    crossed = np.zeros((LONGEST + 1, LONGEST + 1), dtype=bool)
    for n in range(1, LONGEST + 1):
        fine, bad = one_call(n, event=False), one_call(n, event=True)
        grown = [judge.look(state, fine, the_plan) for state in row]
        row = [*grown, judge.look(row[-1], bad, the_plan)]
        row = [replace(state, breach=None) for state in row]
        crossed[n, : n + 1] = [evidence_against(state) >= 1 / ALPHA for state in row]
    return crossed


def crossing_probability(crossed, rate):
    """P(crossed at any of the first n calls), for n up to 60."""
    alive = np.zeros(LONGEST + 2)
    alive[0] = 1.0
    for n in range(1, LONGEST + 1):
        after = alive * (1 - rate)
        after[1:] += alive[:-1] * rate
        alive = np.where(np.append(crossed[n], False), 0.0, after)
    return 1 - alive.sum()


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.3])
def test_a_rate_at_its_limit_crosses_in_less_than_one_percent_of_all_paths(limit):
    crossed = crossed_by_calls_and_events(limit)
    exact = crossing_probability(crossed, limit)
    assert 0 < exact <= ALPHA
    assert crossing_probability(crossed, limit / 2) < exact
    assert exact == pytest.approx(simulated(crossed, limit), abs=3 * np.sqrt(ALPHA / 40_000))


def simulated(crossed, rate):
    rng = np.random.default_rng(20)
    events = np.cumsum(rng.random((40_000, LONGEST)) < rate, axis=1)
    return np.mean(crossed[np.arange(1, LONGEST + 1), events].any(axis=1))


def test_ten_times_the_limit_crosses_on_most_paths():
    assert crossing_probability(crossed_by_calls_and_events(0.05), 0.5) > 0.99


def test_all_evidence_together_has_mean_one_at_the_null_in_every_tree_of_looks():
    """Stages change, wealth starts at each look, slices appear late: the mean stays one.

    Each node is a look with one replayed pair in each of one or two slices; a drop of
    one has the tolerated mean, so the expectation over all branches is one at every depth.
    """
    the_plan = plan(
        (
            (1, 10, {"eval_groundedness_drift_max": 0.5}, "guard"),
            (50, 10, {"eval_groundedness_drift_max": 0.5}, "proof"),
        )
    )
    leaves = [(1.0, judge.start(the_plan))]
    for number in range(1, 9):
        stage, grown = (0 if number < 4 else 1), []
        for chance, state in leaves:
            for lost, share in ((True, 0.25), (False, 0.75)):
                rows = [pair(0.0 if lost else 1.0, 1.0, unit=str(number))]
                seen = judge.look(state, batch(number, stage=stage, pairs=rows), the_plan)
                grown.append((chance * share, seen))
        leaves = grown
        mean = sum(chance * without_missing(state) for chance, state in leaves)
        assert mean == pytest.approx(1, abs=1e-12)


def without_missing(state):
    """E_total with the stream of missing scores at its start: nothing is missing here."""
    rows = state.wealth.rows
    kept = [at for at, stream in enumerate(state.streams) if stream.kind != "missing"]
    share = 0.25 / 4.25 * state.released - state.waiting.get("scores_missing groundedness", 0.0)
    idle = 1.0 - state.released + sum(state.waiting.values())
    return idle + share + float(np.exp(rows[kept]).sum())


def test_gaps_between_slices_are_a_supermartingale_at_the_null():
    """Two slices that lose the same: no gap, whatever both lose together (docs/methods.md, E4)."""
    the_plan = only({"eval_groundedness_drift_max": 0.9, "fairness_locale_delta_max": 0.04})
    for loss in (0.0, 0.3, 0.7):
        mean = 0.0
        for here in (0, 1):
            for there in (0, 1):
                chance = (loss if here else 1 - loss) * (loss if there else 1 - loss)
                rows = [
                    pair(1.0 - here, 1.0, unit="a", locale="en-US"),
                    pair(1.0 - there, 1.0, unit="b", locale="de-DE"),
                ]
                start = judge.start(the_plan)
                state = judge.look(start, batch(1, pairs=rows), the_plan)
                mean += chance * gap_wealth(state)
        assert mean <= gap_wealth_at_start(the_plan) + 1e-12


def gap_wealth(state):
    gaps = [at for at, stream in enumerate(state.streams) if stream.kind == "gap"]
    return float(np.exp(state.wealth.rows[gaps]).sum())


def gap_wealth_at_start(the_plan):
    """Two of four streams of the fairness SLO are gaps: half of what the first look releases."""
    empty = [pair(0.99, 1.0, unit=u, locale=w) for u, w in (("a", "en-US"), ("b", "de-DE"))]
    state = judge.look(judge.start(the_plan), batch(1, pairs=empty), the_plan)
    return state.released * (2.0 / 6.25) / 2
