"""Does the release serve every group as well as main does, and as well as all other groups?

Judged on parallel cases: one family, one case per group, so that groups answer the same questions.
Two rules per scorer and group. `no_group_is_worse_than_on_main` is the regression test of the
group, Holm over all groups. `no_group_falls_behind_the_overall` compares the group with the
overall of its own families, bounds with Bonferroni over all groups; never a bare maximum minus
minimum, which flags nine of ten fair suites.

Sixty families cannot prove a gap limit of .04, not even without a single difference: that takes 73
(docs/methods.md, E12). So the gap rule has a third way. Beyond the limit and beyond chance, it
fails. Proven within the limit, it passes. Between the two it reports what was seen and how many
families would decide; it then passes if the group is not worse than on main, since this release
did not open the gap, and is inconclusive if the gap seen is over the limit and wider than main's.
A group of fewer families than `smallest_group` is inconclusive. So is a case without a group, or a
family with one; a value that nobody expected is a group like any other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from release_assets.domain.evals.differences import RegressionRules
from release_assets.domain.evals.groups import groups_of
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.statistics import paired
from release_assets.domain.wording import named, number, p_value, plural

if TYPE_CHECKING:
    from release_assets.domain.evals.groups import Group
    from release_assets.domain.evals.pairing import Pairing

NOT_WORSE_THAN_ON_MAIN = "no_group_is_worse_than_on_main"
NOT_BEHIND = "no_group_falls_behind_the_overall"
_PROOF = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class FairnessRules:
    """What is fair enough.

    `gap_limit` bounds how far a group's mean score may be below the overall; `alpha` is the
    chance of failing a fair release, half of it for each rule; `keys` are the slice attributes
    whose values are groups; `smallest_group` counts families; `regression` gives the margin below
    main that the report tries to exclude, and the passing scores.
    """

    gap_limit: float = 0.04
    alpha: float = 0.05
    keys: tuple[str, ...] = ("locale",)
    smallest_group: int = 20
    regression: RegressionRules = field(default_factory=RegressionRules)


def judge_fairness(
    pairing: Pairing, rules: FairnessRules | None = None, *, seed: int
) -> tuple[Finding, ...]:
    """Return all findings of the fairness suite, two per scorer and group."""
    rules = rules or FairnessRules()
    groups = groups_of(pairing, rules.keys, rules.regression, seed=seed)
    drops = [_not_worse_than_on_main(one, rules) for one in groups]
    gaps = [
        _not_behind(one, rules, drop.outcome, len(groups))
        for one, drop in zip(groups, drops, strict=True)
    ]
    return (*pairing.findings, *(_parallel(pairing, key) for key in rules.keys), *drops, *gaps)


def _parallel(pairing: Pairing, key: str) -> Finding:
    """A family with one group compares nothing, and a case without a group is judged in none."""
    groups: dict[str, set[str]] = defaultdict(set)
    for one in pairing.pairs:
        groups[one.family].add(one.slices.get(key, ""))
    bare = {one.case for one in pairing.pairs if not one.slices.get(key)}
    alone = {family for family, found in groups.items() if len(found) < 2}
    flaws = [
        f"no {key} for {named(bare)}" if bare else "",
        f"no parallel case in {named(alone)}" if alone else "",
        "" if groups else "there is no case",
    ]
    lacking = "; ".join(part for part in flaws if part)
    names = {value for found in groups.values() for value in found}
    return Finding(
        rule="groups_answer_parallel_cases",
        outcome=Outcome.INCONCLUSIVE if lacking else Outcome.PASSED,
        because=lacking or f"{len(groups)} families over {named(names, shown=20)}",
        n=len(groups),
        slice=key,
    )


def _not_worse_than_on_main(one: Group, rules: FairnessRules) -> Finding:
    drop, margin = one.drop, rules.regression.margin
    outcome = Outcome.FAILED if drop.p_holm <= rules.alpha / 2 else Outcome.PASSED
    summary = f"{one.name} ({one.scorer}): {drop.sentence()}, {p_value(drop.p_holm)} after Holm"
    if outcome is Outcome.PASSED:
        proven = "excluded" if drop.excludes(margin) else "not excluded by so few cases"
        summary += f"; a drop of {number(margin)} is {proven}"
    if outcome is Outcome.PASSED and one.families < rules.smallest_group:
        outcome, summary = Outcome.INCONCLUSIVE, f"{summary}; {_too_small(one, rules)}"
    return Finding(
        rule=NOT_WORSE_THAN_ON_MAIN,
        outcome=outcome,
        because=summary,
        observed=drop.delta,
        limit=0.0,
        n=drop.n,
        interval=drop.interval,
        slice=one.name,
        scorer=one.scorer,
    )


def _not_behind(one: Group, rules: FairnessRules, on_main: Outcome, groups: int) -> Finding:
    """Judge in the three ways of the charter; numbers are group minus overall."""
    level = rules.alpha / 2 / groups
    bounds = paired.interval(one.gap, alpha=level)
    outcome, conclusion = _gap_outcome(one, rules, on_main, bounds)
    way = "below" if one.gap.mean <= 0 else "above"
    place = f"{number(abs(one.gap.mean))} {way} the overall"
    seen = f"{place} over {plural(one.families, 'parallel case')}"
    spread = f"bounds {number(-bounds[1])} and {number(-bounds[0])} for {plural(groups, 'group')}"
    return Finding(
        rule=NOT_BEHIND,
        outcome=outcome,
        because=f"{one.name} ({one.scorer}): {seen}, {spread}; {conclusion}",
        observed=one.gap.mean,
        limit=-rules.gap_limit,
        n=one.families,
        interval=bounds,
        slice=one.name,
        scorer=one.scorer,
    )


def _gap_outcome(
    one: Group, rules: FairnessRules, on_main: Outcome, bounds: tuple[float, float]
) -> tuple[Outcome, str]:
    limit, is_over = number(rules.gap_limit), -one.gap.mean > rules.gap_limit
    if is_over and bounds[1] < 0:
        return Outcome.FAILED, f"over the limit of {limit} and beyond chance"
    if one.families < rules.smallest_group:
        return Outcome.INCONCLUSIVE, _too_small(one, rules)
    if paired.lower_bound(one.gap, alpha=_PROOF) > -rules.gap_limit:
        return Outcome.PASSED, f"proven within the limit of {limit}"
    needed = paired.needed_cases(one.gap, margin=rules.gap_limit, alpha=_PROOF)
    hint = f"; about {needed} families would exclude it" if needed else ""
    open_gap = f"a gap of {limit} is not excluded{hint}"
    if is_over and one.is_wider_than_on_main:
        wider = f"wider than main's {number(-one.gap_on_main.mean)}"
        return Outcome.INCONCLUSIVE, f"over the limit of {limit} and {wider}, yet within chance"
    if on_main is not Outcome.PASSED:
        return Outcome.INCONCLUSIVE, f"{open_gap}; the comparison with main did not pass"
    return Outcome.PASSED, f"{open_gap}; decided by main: the group is not worse than on main"


def _too_small(one: Group, rules: FairnessRules) -> str:
    return f"{plural(one.families, 'parallel case')}, {rules.smallest_group} are needed to judge"
