"""Laws of live judgement that hold for all traffic, not only for the traffic we thought of."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.finding import Outcome
from release_assets.domain.live import judge
from release_assets.domain.live.reading import Shown
from release_assets.domain.live.state import LiveState
from release_assets.domain.live.streams import Stream
from release_assets.domain.live.traffic import CallCounts
from release_assets.domain.live.wealth import evidence_against
from tests.domain.live.live_world import batch, call, judged, only, pair, plan, run, same

DRIFT = {"eval_groundedness_drift_max": 0.04}
DRIFT_STREAM = Stream("eval groundedness drift max", "groundedness", "drop")
FAIR = DRIFT | {"fairness_locale_delta_max": 0.04}
COST = {"cost_per_call_usd_max": 0.014}

few = settings(max_examples=25, deadline=None)
usable = st.floats(0, 1)
locales = st.sampled_from(["en-US", "de-DE", "ja-JP"])
units = st.sampled_from([f"s{i}" for i in range(12)])


@st.composite
def some_pairs(draw, most=25):
    row = st.tuples(usable, usable, units, locales)
    rows = draw(st.lists(row, max_size=most))
    return [pair(c, s, unit=unit, locale=locale) for c, s, unit, locale in rows]


class Chance:
    """Rows of any kind from one seed: drawn one by one they would take minutes."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def score(self):
        odd = (0.0, 1.0, None, math.nan, math.inf, -math.inf, 1.0000001, -0.5)
        kind = self.rng.integers(0, 3 * len(odd))
        return odd[kind] if kind < len(odd) else float(self.rng.random())

    def one_of(self, *words):
        return words[self.rng.integers(0, len(words))]

    def about(self):
        locale = self.one_of("en-US", "de-DE", "ja-JP")
        return {"unit": f"s{self.rng.integers(0, 12)}", "locale": locale}

    def pairs(self):
        count = self.one_of(0, 1, 2, 3, 25)
        return [pair(self.score(), self.score(), **self.about()) for _ in range(count)]

    def calls(self):
        return [
            call(self.score(), is_candidate=bool(self.one_of(0, 1)), **self.about())
            for _ in range(self.one_of(0, 1, 25))
        ]

    def counts(self):
        n = self.one_of(0, 1, 60)
        rated = int(self.rng.integers(0, n + 1))
        errors, timeouts, refusals = (int(self.rng.integers(0, n + 1)) for _ in range(3))
        slow = int(self.rng.integers(0, n + 1))
        odd = (0.0, 0.014, 1e-300, 1e300, math.nan, math.inf, -1.0)
        costs = tuple(self.one_of(*odd) for _ in range(self.one_of(0, 3, 8)))
        return CallCounts(
            requests=n,
            feedback=rated,
            feedback_negative=int(self.rng.integers(0, rated + 1)),
            over_ms={4500.0: slow},
            costs_usd=costs,
            errors=errors,
            timeouts=timeouts,
            refusals=refusals,
        )

    def batches(self):
        stage, made = 0, []
        for number in range(1, self.one_of(1, 2, 4) + 1):
            stage = min(3, stage + (self.one_of(0, 1) if number > 1 else 0))
            made.append(
                batch(
                    number,
                    stage=stage,
                    seconds=self.one_of(0.0, 5.0, 30.0),
                    pairs=self.pairs(),
                    calls=self.calls(),
                    candidate=self.counts(),
                    stable=self.counts(),
                )
            )
        return made


def some_batches():
    return st.integers(0, 2**32).map(lambda seed: Chance(seed).batches())


@few
@given(some_batches(), st.randoms(use_true_random=False))
def test_the_order_inside_a_look_changes_not_one_bit(batches, chance):
    the_plan = plan()

    def shuffled(rows):
        return tuple(chance.sample(rows, len(rows)))

    other = [
        replace(
            one,
            pairs=shuffled(one.pairs),
            calls=shuffled(one.calls),
            candidate=replace(one.candidate, costs_usd=shuffled(one.candidate.costs_usd)),
        )
        for one in batches
    ]
    assert run(the_plan, batches).document() == run(the_plan, other).document()


@few
@given(some_batches())
def test_any_traffic_gets_an_answer_with_numbers(batches):
    judgement = judged(plan(), batches)
    assert judgement.findings
    assert math.isfinite(judgement.evidence_against)
    assert judgement.evidence_for >= 0
    for finding in judgement.findings:
        assert "nan" not in finding.because
        assert finding.observed is None or math.isfinite(finding.observed)


@few
@given(some_batches())
def test_each_look_can_be_resumed_from_its_document(batches):
    the_plan = plan()
    resumed = judge.start(the_plan)
    for one in batches:
        read = LiveState.from_document(json.loads(json.dumps(resumed.document(), allow_nan=False)))
        resumed = judge.look(read, one, the_plan)
    assert resumed == run(the_plan, batches)


@few
@given(some_batches())
def test_batches_fed_twice_change_nothing(batches):
    twice = [one for one in batches for _ in range(2)]
    assert run(plan(), twice) == run(plan(), batches)
    assert run(plan(), [*batches, *batches]) == run(plan(), batches)


@few
@given(some_batches())
def test_nothing_seen_in_no_time_changes_no_finding(batches):
    the_plan, last = plan(), batches[-1]
    nothing = replace(
        batch(last.id + 1, stage=last.stage), since=last.until, until=last.until, pairs=()
    )
    before = run(the_plan, batches)
    after = judge.look(before, nothing, the_plan)
    assert judge.judge(after, the_plan) == judge.judge(before, the_plan)


@few
@given(some_pairs(), st.integers(0, 24), st.floats(0, 1))
def test_more_harm_is_never_less_evidence_of_harm(pairs, which, factor):
    the_plan = only(DRIFT)
    worse = list(pairs)
    if pairs:
        victim = pairs[which % len(pairs)]
        worse[which % len(pairs)] = replace(victim, candidate=victim.candidate * factor)
    mild, harsh = run(the_plan, [batch(1, pairs=pairs)]), run(the_plan, [batch(1, pairs=worse)])
    slack = 1 + 1e-9
    assert evidence_against(harsh) * slack >= evidence_against(mild)
    assert Shown.of(harsh).proof(DRIFT_STREAM) <= Shown.of(mild).proof(DRIFT_STREAM) * slack


@few
@given(st.integers(0, 200), st.integers(0, 200))
def test_one_more_error_is_never_less_evidence_of_harm(n, errors):
    the_plan, errors = only({"error_rate_max": 0.01}), min(errors, n)
    mild = run(the_plan, [batch(1, candidate=CallCounts(requests=n + 1, errors=errors))])
    harsh = run(the_plan, [batch(1, candidate=CallCounts(requests=n + 1, errors=errors + 1))])
    assert evidence_against(harsh) >= evidence_against(mild)


@few
@given(some_pairs(most=40))
def test_swapped_arms_mirror_the_drop(pairs):
    the_plan = only(DRIFT)
    swapped = [replace(p, candidate=p.stable, stable=p.candidate) for p in pairs]
    ours, theirs = (run(the_plan, [batch(1, pairs=rows)]) for rows in (pairs, swapped))
    one, other = (Shown.of(s).sums(DRIFT_STREAM) for s in (ours, theirs))
    assert one.total == pytest.approx(-other.total, abs=1e-9)
    assert (one.n, one.first, one.second) == (other.n, other.second, other.first)
    assert not (ours.breach and theirs.breach)


@few
@given(some_pairs(most=40))
def test_exchanged_slices_exchange_their_gaps(pairs):
    the_plan = only(FAIR)
    names = {"en-US": "de-DE", "de-DE": "en-US", "ja-JP": "ja-JP"}
    renamed = [replace(p, slices={"locale": names[p.slices["locale"]]}) for p in pairs]
    here, there = (run(the_plan, [batch(1, pairs=rows)]) for rows in (pairs, renamed))
    left, right = Shown.of(here), Shown.of(there)
    gap_of = partial(Stream, "fairness locale delta max", "groundedness", "gap")
    for a, b in (("en-US", "de-DE"), ("de-DE", "en-US"), ("ja-JP", "en-US")):
        gap, mirrored = gap_of(a, b), gap_of(names[a], names[b])
        assert left.sums(gap) == right.sums(mirrored)
        assert left.proof(gap) == right.proof(mirrored)


@few
@given(
    st.lists(st.floats(1e-4, 1e3), min_size=1, max_size=40),
    st.sampled_from([1e-6, 1e-4, 1e-2, 100.0, 1e4]),
)
def test_the_unit_of_money_does_not_matter(costs, unit):
    """Kayenta's root finder has an absolute tolerance: rates times 0.01 turn High into Pass."""

    def judged_in(scale):
        the_plan = only({"cost_per_call_usd_max": 0.014 * scale})
        calls = CallCounts(requests=len(costs), costs_usd=tuple(c * scale for c in costs))
        return judge.judge(run(the_plan, [batch(1, candidate=calls)]), the_plan)

    usd, other = judged_in(1.0), judged_in(unit)
    assert usd.outcome is other.outcome
    assert usd.evidence_against == pytest.approx(other.evidence_against, rel=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("candidate", [0.0, 1.0])
def test_up_to_three_scores_decide_nothing(n, candidate):
    """Kayenta calls two points against two "High" with 98 % confidence."""
    the_plan = only(DRIFT)
    pairs = [pair(candidate, 1.0, unit=str(i)) for i in range(n)]
    assert judged(the_plan, [batch(1, pairs=pairs)]).outcome is Outcome.INCONCLUSIVE


@few
@given(st.integers(1, 40), st.integers(1, 40))
def test_a_common_cause_in_both_arms_accuses_nobody(n, outage):
    """Day and night, a sick index, a stricter judge: both arms fall together."""
    the_plan = only(DRIFT)
    pairs = [pair(0.0, 0.0, unit=f"o{i}") for i in range(outage)]
    pairs += [pair(1.0, 1.0, unit=f"f{i}") for i in range(n)]
    state = run(the_plan, [batch(1, pairs=pairs)])
    assert evidence_against(state) <= 1.0


@few
@given(st.integers(0, 3), st.integers(2, 6))
def test_looking_more_often_does_not_add_evidence(extra, parts):
    """E depends on what was seen; where looks fall only moves when wealth starts to bet."""
    the_plan = only(DRIFT)
    pairs = [*same(60), *(pair(0.0, 1.0, unit=f"x{i}") for i in range(4 + extra))]
    at_once = run(the_plan, [batch(1, pairs=pairs)])
    cuts = [len(pairs) * i // parts for i in range(parts + 1)]
    in_parts = [
        replace(batch(i + 1, pairs=pairs[cuts[i] : cuts[i + 1]], seconds=0)) for i in range(parts)
    ]
    first = replace(in_parts[0], until=in_parts[0].since + timedelta(seconds=5))
    often = run(the_plan, [first, *in_parts[1:]])
    assert evidence_against(often) == pytest.approx(evidence_against(at_once), rel=1e-12)


def test_a_stage_of_later_slos_can_start_late():
    """The fairness SLO appears in stage two: its wealth has waited, and is all there."""
    the_plan = plan()
    state = run(the_plan, [batch(1, pairs=same(50))])
    assert any(group.startswith("fairness") for group in state.waiting)
    state = judge.look(state, batch(2, stage=1, pairs=same(50, tag="b")), the_plan)
    assert not any(group.startswith("fairness") for group in state.waiting)
