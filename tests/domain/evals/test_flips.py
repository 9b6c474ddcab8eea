"""A lost case is asked again; only what re-runs confirm fails a suite."""

from dataclasses import replace

import pytest

from release_assets.domain.evals.differences import RegressionRules
from release_assets.domain.evals.flips import flipped_cases, judge_flips
from release_assets.domain.evals.pairing import pair
from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Outcome
from tests.domain.evals.suites import losing, passing, row, suite

RULES = RegressionRules()


def again(case, candidate, baseline=(1, 1, 1, 1)):
    """Re-runs of one case."""
    return [
        [row(case, float(s), repeat=k) for k, s in enumerate(scores)]
        for scores in (candidate, baseline)
    ]


def both(*runs):
    return [[row for run in runs for row in run[side]] for side in (0, 1)]


def flips(cases, lost, reruns):
    again = pair(*reruns) if reruns else None
    return judge_flips(pair(losing(cases, lost), passing(cases)).pairs, RULES, again)


def flipped(candidate, baseline, rules=None):
    return flipped_cases(pair(candidate, baseline), rules)


def test_flipped_cases_are_those_that_main_passes_and_the_candidate_does_not():
    assert flipped(suite([0, 1, 1, 0]), suite([1, 0, 1, 0])) == ("c000",)


def test_one_stray_repeat_of_three_is_not_a_flip():
    assert flipped(suite([[1, 1, 0], [1, 0, 0]]), suite([[1, 1, 1]] * 2)) == ("c001",)


def test_a_case_flips_when_it_flips_under_any_scorer():
    ours = [row("a"), row("a", 0.2, scorer="groundedness")]
    theirs = [row("a"), row("a", 0.9, scorer="groundedness")]

    assert flipped(ours, theirs) == ("a",)


def test_a_scorers_own_passing_score_decides_what_is_lost():
    rules = RegressionRules(passing_scores={"correctness": 0.9})

    assert flipped(suite([0.8]), suite([0.95]), rules) == ("c000",)
    assert flipped(suite([0.8]), suite([0.95])) == ()


def test_a_lost_case_that_was_not_asked_again_is_still_open():
    found = flips(20, 1, None)

    assert (found.outcome, found.pending) == (Outcome.INCONCLUSIVE, ("c000",))


def test_one_confirmed_flip_fails_a_small_suite():
    found = flips(20, 1, again("c000", [0, 1, 0, 0]))

    assert (found.outcome, found.confirmed) == (Outcome.FAILED, ("c000",))


def test_a_flip_that_does_not_repeat_is_dismissed():
    found = flips(20, 1, again("c000", [1, 1, 0, 0]))

    assert (found.outcome, found.confirmed, found.pending) == (Outcome.PASSED, (), ())


@pytest.mark.parametrize(
    ("reruns", "outcome"), [([0, 0, 0, 0], Outcome.FAILED), ([0, 1, 0, 0], Outcome.PASSED)]
)
def test_one_flip_fails_a_suite_of_a_hundred_only_when_all_reruns_agree(reruns, outcome):
    """Three of four would fail a seventh of flaky suites of that size (benchmarks)."""
    assert flips(100, 1, again("c000", reruns)).outcome is outcome


def test_two_confirmed_flips_fail_a_suite_of_a_hundred():
    reruns = both(again("c000", [0, 1, 0, 0]), again("c001", [0, 1, 0, 0]))

    assert flips(100, 2, reruns).outcome is Outcome.FAILED


def test_two_confirmed_flips_fail_a_suite_of_two_hundred_and_one_does_not():
    one, other = again("c000", [0] * 4), again("c001", [0] * 4)

    assert flips(200, 1, one).outcome is Outcome.PASSED
    assert flips(200, 2, both(one, other)).outcome is Outcome.FAILED
    assert flips(200, 2, one).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("cases", "to_fail"), [(10, 1), (199, 1), (200, 2), (600, 3), (5000, 4)])
def test_larger_suites_forgive_more_since_they_hold_more_flaky_cases(cases, to_fail):
    assert RULES.flips_to_fail(cases) == to_fail


def test_main_that_does_not_answer_the_reruns_hides_no_flip():
    reruns = again("c000", [0, 0, 0, 0])
    silent = [replace(r, status=RowStatus.ERROR, score=None) for r in reruns[1]]

    found = flips(20, 1, [reruns[0], silent])

    assert (found.outcome, found.pending) == (Outcome.INCONCLUSIVE, ("c000",))


def test_a_candidate_that_does_not_answer_the_reruns_has_lost_them():
    reruns = again("c000", [0, 0, 0, 0])
    silent = [replace(r, status=RowStatus.TIMEOUT, score=None) for r in reruns[0]]

    found = flips(20, 1, [silent, reruns[1]])

    assert found.outcome is Outcome.FAILED


def test_three_reruns_are_not_four():
    assert flips(20, 1, again("c000", [0, 0, 0], [1, 1, 1])).pending == ("c000",)


def test_a_confirmed_flip_stays_confirmed_when_later_repeats_look_better():
    """The re-runs decide; more repeats of the suite do not talk a confirmed flip away."""
    pairs = pair(suite([[0, 1, 1, 1, 1]] * 20), suite([[1] * 5] * 20)).pairs

    assert judge_flips(pairs, RULES, pair(*again("c003", [0] * 4))).outcome is Outcome.FAILED
