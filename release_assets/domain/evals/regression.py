"""Is the candidate worse than main, and is it proven not to be worse by the margin?

Two hypotheses, never one (law 5; docs/methods.md, R15). `no_regression_against_main`
fails on evidence against the release: confirmed flips, or the cluster sign-flip test with Holm
over scorers and slices. `not_worse_than_margin` passes on evidence for it: the cluster t bound
with one pseudo loss; undecided is inconclusive, with the number of cases that would decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.evals.differences import Difference, RegressionRules, differences
from release_assets.domain.evals.flips import Flips, judge_flips
from release_assets.domain.finding import Finding, Outcome, worst
from release_assets.domain.wording import change, named, number, p_value, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from release_assets.domain.evals.pairing import Pairing

NO_REGRESSION = "no_regression_against_main"
NOT_WORSE = "not_worse_than_margin"


def judge_regression(
    pairing: Pairing,
    rules: RegressionRules | None = None,
    *,
    reruns: Pairing | None = None,
    seed: int,
) -> tuple[Finding, ...]:
    """Return all findings of a suite against main's run of the same suite.

    Completeness and comparability first, then critical cases, then the two rules per scorer and
    `no_regression_against_main` per judged slice. `seed` comes from the release digest
    (`paired.seed_of`).
    """
    rules = rules or RegressionRules()
    found = differences(pairing, rules, seed=seed)
    return (
        *pairing.findings,
        *judge_critical_cases(pairing, rules),
        *judge_no_regression(pairing, found, rules, reruns),
        *judge_not_worse(pairing, found, rules),
    )


def more_repeats_would_help(findings: Iterable[Finding]) -> bool:
    """Whether only the margin is open: then repeats are added on both sides, up to five."""
    left = [f for f in findings if f.outcome is not Outcome.PASSED]
    return bool(left) and all(
        f.rule == NOT_WORSE and f.outcome is Outcome.INCONCLUSIVE and f.n for f in left
    )


def judge_critical_cases(pairing: Pairing, rules: RegressionRules) -> tuple[Finding, ...]:
    """Require that every repeat of every case that either side marks critical passes.

    No finding where nothing is marked: then the rule does not apply.
    """
    critical = [one for one in pairing.pairs if one.critical]
    if not critical:
        return ()
    n = len({one.case for one in critical})
    lost = {one.case for one in critical if one.pass_rates(rules.passing(one.scorer))[0] < 1}
    failing = f"{len(lost)} of {plural(n, 'critical case')} fail: {named(lost)}"
    because = failing if lost else f"{plural(n, 'critical case')} passed in every repeat"
    outcome = Outcome.FAILED if lost else Outcome.PASSED
    return (
        Finding(
            rule="critical_cases_pass",
            outcome=outcome,
            because=because,
            observed=len(lost),
            limit=0,
            n=n,
        ),
    )


def judge_no_regression(
    pairing: Pairing,
    found: Sequence[Difference],
    rules: RegressionRules,
    reruns: Pairing | None,
) -> tuple[Finding, ...]:
    """Judge `no_regression_against_main`, per scorer and per judged slice.

    Flips are judged over the suite only: a slice's flips are among them.
    """
    findings = []
    for one in (d for d in found if d.is_judged):
        whole = one.slice is None and rules.reruns > 0
        flips = judge_flips(pairing.of(one.scorer), rules, reruns) if whole else None
        findings.append(no_regression(one, rules, flips, note=_too_small(one, found)))
    return (*findings, *_incomparable(pairing, NO_REGRESSION))


def no_regression(
    one: Difference, rules: RegressionRules, flips: Flips | None, *, note: str = ""
) -> Finding:
    """Judge `no_regression_against_main` for one scorer over the suite or one slice."""
    is_worse = one.p_holm <= rules.alpha_signs
    signs = Outcome.FAILED if is_worse else Outcome.PASSED
    place = f"{one.scorer} {one.slice}" if one.slice else one.scorer
    parts = [f"{place}: {one.sentence()}"]
    if one.p_holm != one.p:
        parts.append(f"{p_value(one.p_holm)} after Holm over scorers and slices")
    parts.append(f"worse than main at the level {number(rules.alpha_signs)}" if is_worse else "")
    parts += [flips.sentence() if flips else "", note]
    return Finding(
        rule=NO_REGRESSION,
        outcome=worst((signs, flips.outcome)) if flips else signs,
        because="; ".join(part for part in parts if part),
        observed=one.delta,
        limit=0.0,
        n=one.n,
        interval=one.interval,
        slice=one.slice,
        scorer=one.scorer,
    )


def _too_small(one: Difference, found: Sequence[Difference]) -> str:
    """Name the slices that stay unjudged, beside the suite that contains them."""
    small = {d.slice for d in found if d.slice and d.scorer == one.scorer and not d.is_judged}
    return f"too small to be judged alone: {named(small)}" if small and not one.slice else ""


def judge_not_worse(
    pairing: Pairing, found: Sequence[Difference], rules: RegressionRules
) -> tuple[Finding, ...]:
    """Judge `not_worse_than_margin`, per scorer over the suite; slices are too small for it."""
    whole = (d for d in found if d.slice is None)
    return (*(_not_worse(d, rules) for d in whole), *_incomparable(pairing, NOT_WORSE))


def _not_worse(one: Difference, rules: RegressionRules) -> Finding:
    outcome, claim, hint = margin_claim(one, rules)
    seen = f"{change(one.delta, one.interval)} over {plural(one.n, 'case')}"
    return Finding(
        rule=NOT_WORSE,
        outcome=outcome,
        because=f"{one.scorer}: {claim}: {seen}{hint and f'; {hint}'}",
        observed=one.delta,
        limit=-rules.margin,
        n=one.n,
        interval=one.interval,
        scorer=one.scorer,
    )


def margin_claim(one: Difference, rules: RegressionRules) -> tuple[Outcome, str, str]:
    """Judge `not_worse_than_margin` for one scorer: outcome, claim, and what would decide it."""
    margin = number(rules.margin)
    if one.excludes(rules.margin):
        return Outcome.PASSED, f"a drop of {margin} is excluded", ""
    if one.interval[1] < -rules.margin:
        return Outcome.FAILED, f"worse by more than {margin}", ""
    if one.needed_n is None:
        hint = "no number of such cases would exclude it while the drop is at the margin or over"
    else:
        hint = f"about {plural(one.needed_n, 'such case')} would exclude it"
    return Outcome.INCONCLUSIVE, f"a drop of {margin} is not excluded", hint


def _incomparable(pairing: Pairing, rule: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=rule,
            outcome=Outcome.INCONCLUSIVE,
            because=f"{scorer}: not judged, since its scores come from more than one version",
            scorer=scorer,
        )
        for scorer in sorted(pairing.incomparable)
    )
