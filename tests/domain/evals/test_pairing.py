"""What cannot be compared is named and inconclusive; what was not answered counts as lost."""

from dataclasses import replace

import pytest

from release_assets.domain.evals.pairing import pair
from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Outcome
from tests.domain.evals.suites import only, passing, row, suite

ANSWERED = "every_case_was_answered"
SAME = "both_sides_answered_the_same_cases"
VERSIONS = "scores_come_from_one_scorer_version"
UNANSWERED = [s for s in RowStatus if s not in {RowStatus.OK, RowStatus.WRONG}]


def test_two_complete_runs_leave_nothing_open():
    found = pair(passing(5), passing(5))

    assert [f.outcome for f in found.findings] == [Outcome.PASSED] * 3


@pytest.mark.parametrize("status", UNANSWERED)
@pytest.mark.parametrize("side", ["candidate", "baseline"])
def test_an_unanswered_row_is_named_and_stays_in_the_denominator(status, side):
    rows = {"candidate": passing(4), "baseline": passing(4)}
    rows[side][1] = replace(rows[side][1], status=status, score=None)

    found = pair(**rows)

    assert only(found.findings, ANSWERED).outcome is Outcome.INCONCLUSIVE
    assert f"{side}: 1 of 4 rows without a score (1 {status}: c001)" in found.findings[0].because
    assert len(found.pairs) == 4
    assert found.pairs[1].delta == (-1 if side == "candidate" else 1)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1, None])
def test_an_impossible_score_counts_as_unanswered(score):
    found = pair([row("a", score), row("b")], [row("a"), row("b")])

    assert only(found.findings, ANSWERED).outcome is Outcome.INCONCLUSIVE
    assert "1 unscorable: a" in only(found.findings, ANSWERED).because


def test_a_missing_repeat_is_named_and_counts_as_lost():
    found = pair(suite([[1, 1, 1], [1, 1]]), suite([[1, 1, 1]] * 2))

    assert "fewer than 3 repeats of c001" in only(found.findings, ANSWERED).because
    assert found.pairs[1].delta == pytest.approx(-1 / 3)


def test_sides_may_differ_in_their_number_of_repeats():
    found = pair(suite([[1, 0]] * 3), suite([[1]] * 3))

    assert all(f.outcome is Outcome.PASSED for f in found.findings)
    assert found.pairs[0].delta == -0.5


def test_the_same_repeat_twice_is_inconclusive():
    found = pair([*passing(2), row("c000", 0.0)], passing(2))

    assert "duplicate repeat of c000" in only(found.findings, ANSWERED).because
    assert only(found.findings, ANSWERED).outcome is Outcome.INCONCLUSIVE


def test_cases_on_one_side_only_are_named():
    found = only(pair([row("a"), row("new")], [row("a"), row("gone")]).findings, SAME)

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "1 only in candidate: new; 1 only in baseline: gone" in found.because


def test_a_scorer_on_one_side_only_is_named():
    ours = [row("a"), row("a", scorer="groundedness")]

    found = only(pair(ours, [row("a")]).findings, SAME)

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "a (groundedness)" in found.because


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (3, 0), (0, 3)])
def test_a_side_without_rows_is_never_a_pass(ours, theirs):
    found = pair(passing(ours), passing(theirs)).findings

    assert only(found, ANSWERED).outcome is Outcome.INCONCLUSIVE
    assert only(found, SAME).outcome is Outcome.INCONCLUSIVE


def test_mixed_scorer_versions_are_not_compared():
    found = pair(passing(3, scorer_version="2"), passing(3, scorer_version="1"))

    assert only(found.findings, VERSIONS).outcome is Outcome.INCONCLUSIVE
    assert "correctness 1, 2" in only(found.findings, VERSIONS).because
    assert found.scorers == ()


def test_the_baseline_decides_the_family_and_slices_of_a_case():
    """A change cannot regroup the cases that it is judged by."""
    ours = [row("a", family="mine", slices={"locale": "xx"})]

    one = pair(ours, [row("a", family="main", slices={"locale": "de-DE"})]).pairs[0]

    assert (one.family, one.slices) == ("main", {"locale": "de-DE"})


def test_a_case_that_either_side_marks_critical_is_critical():
    """Taking the mark away in the change does not take the demand away."""
    assert pair([row("a")], [row("a", critical=True)]).pairs[0].critical
