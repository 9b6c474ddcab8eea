"""Every group is judged against main and against its own families, never by a bare gap."""

import numpy as np
import pytest

from release_assets.domain.evals.fairness import (
    NOT_BEHIND,
    NOT_WORSE_THAN_ON_MAIN,
    FairnessRules,
    judge_fairness,
)
from release_assets.domain.evals.pairing import pair
from release_assets.domain.finding import Outcome
from release_assets.domain.verdict import conclude
from tests.domain.evals.suites import LOCALES, by_rule, only, parallel, row


def judge(candidate, baseline, rules=None):
    return judge_fairness(pair(candidate, baseline), rules, seed=1)


def outcome(findings):
    return conclude("fairness", findings).outcome


def ja(count):
    return {(family, "ja-JP") for family in range(count)}


def test_sixty_unchanged_families_in_five_locales_pass_and_report_what_is_proven():
    found = judge(parallel(), parallel())

    drop, gap = (only(found, rule, "locale=ja-JP") for rule in (NOT_WORSE_THAN_ON_MAIN, NOT_BEHIND))
    assert outcome(found) is Outcome.PASSED
    assert "a drop of .05 is excluded" in drop.because
    assert (
        "a gap of .04 is not excluded; about 74 families would exclude it; decided by main"
        in gap.because
    )


def test_seventy_four_families_prove_the_gap_without_any_help_from_main():
    found = judge(parallel(families=74), parallel(families=74))

    assert "proven within the limit of .04" in only(found, NOT_BEHIND, "locale=de-DE").because


def test_a_locale_that_fell_behind_fails_both_rules_and_the_others_pass():
    found = judge(parallel(ja(15)), parallel())

    failed = {(f.rule, f.slice) for f in found if f.outcome is Outcome.FAILED}
    assert failed == {(rule, "locale=ja-JP") for rule in (NOT_WORSE_THAN_ON_MAIN, NOT_BEHIND)}


def test_a_gap_that_main_has_too_still_fails_when_it_is_beyond_chance():
    """It is no regression, and it is not fair: a person has to accept it by name."""
    found = judge(parallel(ja(15)), parallel(ja(15)))

    assert only(found, NOT_WORSE_THAN_ON_MAIN, "locale=ja-JP").outcome is Outcome.PASSED
    assert only(found, NOT_BEHIND, "locale=ja-JP").outcome is Outcome.FAILED


def test_a_gap_within_chance_is_open_when_this_release_widened_it():
    found = only(judge(parallel(ja(4)), parallel()), NOT_BEHIND, "locale=ja-JP")

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "over the limit of .04 and wider than main's" in found.because


def test_the_same_gap_within_chance_passes_when_main_has_it_too():
    found = only(judge(parallel(ja(4)), parallel(ja(4))), NOT_BEHIND, "locale=ja-JP")

    assert found.outcome is Outcome.PASSED
    decided = "a gap of .04 is not excluded; decided by main: the group is not worse than on main"
    assert found.because.endswith(decided)


def test_hard_families_are_hard_for_all_and_open_no_gap():
    hard = {(family, group) for family in range(20) for group in LOCALES}

    assert outcome(judge(parallel(hard), parallel(hard))) is Outcome.PASSED


def test_a_group_of_few_families_is_not_judged():
    few = parallel(families=12)

    found = judge(few, few)

    open_ones = {f.rule for f in found if f.outcome is Outcome.INCONCLUSIVE}
    assert open_ones == {NOT_WORSE_THAN_ON_MAIN, NOT_BEHIND}
    assert "12 parallel cases, 20 are needed" in by_rule(found, NOT_BEHIND)[0].because


def test_cases_without_parallels_or_without_a_group_are_named():
    stray = [row("lonely", slices={"locale": "de-DE"}), row("nowhere")]

    found = only(
        judge([*parallel(), *stray], [*parallel(), *stray]),
        "groups_answer_parallel_cases",
        "locale",
    )

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "no locale for nowhere" in found.because
    assert "no parallel case in lonely, nowhere" in found.because


def test_no_fairness_case_is_not_a_pass():
    assert outcome(judge([], [])) is Outcome.INCONCLUSIVE


def test_scorers_are_judged_apart():
    kept = [*parallel(), *parallel(scorer="groundedness")]
    found = judge([*parallel(), *parallel(ja(15), scorer="groundedness")], kept)

    assert {f.scorer for f in found if f.outcome is Outcome.FAILED} == {"groundedness"}


@pytest.mark.parametrize("seed", range(10))
def test_a_fair_release_with_chance_in_it_is_not_called_unfair(seed):
    rng = np.random.default_rng([5, seed])

    def side():
        cases = [(family, group) for family in range(60) for group in LOCALES]
        return parallel({case for case in cases if rng.random() > 0.95})

    assert outcome(judge(side(), side())) is not Outcome.FAILED


def test_the_rules_name_the_attributes_that_make_groups():
    rules = FairnessRules(keys=("age_band",))

    assert outcome(judge(parallel(), parallel(), rules)) is Outcome.INCONCLUSIVE
