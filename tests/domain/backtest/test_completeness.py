"""What a recording lacks is reported, and never passes."""

from __future__ import annotations

import pytest

from release_assets.domain.finding import Outcome
from tests.domain.backtest.recorded_world import backtest, plan, replays, row

WHOLE_S = 420
FAIR = plan(
    **{"duration_min: 2": "duration_min: 2\n    slos:\n      fairness_locale_delta_max: 0.2"}
)


def arm(rows, name):
    return [r | {"pair": None} for r in rows if r["arm"] == name]


def only_on(rows, name):
    """Scores on one arm alone, and no pairs."""
    return [r | {"pair": None} | ({} if r["arm"] == name else {"scores": {}}) for r in rows]


def scored_by(rows, name):
    return [r | {"scores": dict.fromkeys([name], r["scores"]["groundedness"])} for r in rows]


def versions(rows, at, *, arms=("candidate", "stable")):
    """Version 2 from row `at` on."""
    return [
        r | {"versions": {"groundedness": "2" if n >= at and r["arm"] in arms else "1"}}
        for n, r in enumerate(rows)
    ]


def without_slices(rows, every):
    return [r | ({"slices": {}} if n // 2 % every == 0 else {}) for n, r in enumerate(rows)]


def without_halves(rows, every):
    return [r for n, r in enumerate(rows) if n % (2 * every) != 1]


LACKS = {
    "no stable": (lambda rows: arm(rows, "candidate"), "no call of the arm 'stable'"),
    "no candidate": (lambda rows: arm(rows, "stable"), "no call of the arm 'candidate'"),
    "no scores": (
        lambda rows: [r | {"scores": {}} for r in rows],
        "no call has a score of 'groundedness', which 'eval_groundedness_drift_max' needs",
    ),
    "another scorer": (lambda rows: scored_by(rows, "tone"), "(scorers recorded: tone)"),
    "one arm scored": (
        lambda rows: only_on(rows, "candidate"),
        "only the candidate arm has scores of 'groundedness'",
    ),
    "a new scorer version": (lambda rows: versions(rows, 3000), "groundedness 1, 2: scores of"),
    "two versions in a pair": (
        lambda rows: versions(rows, 0, arms=("stable",)),
        "groundedness 1, 2: scores of several versions do not compare",
    ),
    "no slices": (
        lambda rows: without_slices(rows, 1),
        "have no slice 'locale', which 'fairness_locale_delta_max' needs (first on line 2)",
    ),
    "some without slices": (lambda rows: without_slices(rows, 20), "210 of 4200 scored answers"),
    "halves of pairs": (lambda rows: without_halves(rows, 20), "210 lack stable, 0 lack the cand"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_missing_is_reported_first_and_nothing_is_promoted(lack):
    change, message = LACKS[lack]

    found = backtest(change(replays(WHOLE_S)), FAIR)

    assert found.verdict.outcome is Outcome.INCONCLUSIVE
    assert not found.promoted
    assert message in found.verdict.headline


def test_a_recording_that_lacks_nothing_says_so():
    found = backtest(versions(replays(WHOLE_S), 10**9), FAIR)

    rules = {f.rule for f in found.verdict.findings}
    assert found.verdict.is_passed
    assert rules >= {"both_arms_are_recorded", "every_scorer_is_recorded", "one_scorer_version"}
    assert rules >= {"slices_are_recorded", "pairs_are_complete", "canary_stage_is_passed"}


def test_a_few_lost_halves_and_slices_do_not_stop_it():
    rows = without_halves(without_slices(replays(WHOLE_S), 400), 400)

    assert backtest(rows, FAIR).promoted


def test_harm_is_not_hidden_by_what_is_missing():
    broken = [row(n / 10, "candidate", f"u{n}", error=n % 3 == 0) for n in range(600)]

    found = backtest(broken)

    assert found.verdict.outcome is Outcome.FAILED
    assert found.breach.slo == "error_rate_max"
    assert any("arm 'stable'" in f.because for f in found.verdict.findings)
