"""Two result files in, one verdict out: is the candidate worse, and is that proven or excluded?

The staging rules without the parts that need a running feature: no case can be run again, so a
single lost case fails nothing by itself. Lost and gained cases are named, and the margin and the
sign-flip test decide. Slices fail when they regressed; a slice that proves nothing is shown as such
in the table and leaves the verdict to the whole.

Repeats confirm no flip either. Where the first of five repeats selects the lost cases and the other
four confirm them by staging's rule, equal sides of 200 cases that pass half of the time or more
fail in about 19 of 100 comparisons, instead of 5: it is made for few flaky cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.evals.differences import RegressionRules, differences
from release_assets.domain.evals.pairing import pair
from release_assets.domain.evals.regression import (
    NO_REGRESSION,
    NOT_WORSE,
    judge_critical_cases,
    judge_no_regression,
    judge_not_worse,
    margin_claim,
)
from release_assets.domain.finding import Outcome
from release_assets.domain.verdict import Verdict, conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evals.differences import Difference
    from release_assets.domain.evals.rows import ScoreRow

_SEED = 0
_UNKNOWN = {
    "scorer": None,
    "cases": 0,
    "lost": 0,
    "gained": 0,
    "delta": None,
    "interval": None,
    "p_regressed": None,
    "needed_n": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A verdict with the numbers behind it, per scorer over all cases and over each slice.

    `flaws` names rows that are missing or cannot be compared.
    """

    verdict: Verdict
    whole: tuple[Difference, ...]
    slices: tuple[Difference, ...]
    rules: RegressionRules
    flaws: tuple[str, ...]

    @property
    def deciding(self) -> Difference | None:
        """The scorer that is worst off: regressed first, then the lowest bound."""
        order = sorted(self.whole, key=lambda d: (d.p_holm > self.rules.alpha, d.interval[0]))
        return order[0] if order else None

    def outcome_of(self, one: Difference) -> Outcome:
        """Judge one difference: failed if regressed, passed if a drop of the margin is excluded.

        Nothing passes while rows are missing or cannot be compared.
        """
        if one.is_judged and one.p_holm <= self.rules.alpha_signs:
            return Outcome.FAILED
        if one.interval[1] < -self.rules.margin:
            return Outcome.FAILED
        is_proven = not self.flaws and one.excludes(self.rules.margin)
        return Outcome.PASSED if is_proven else Outcome.INCONCLUSIVE

    def document(self) -> dict[str, Any]:
        """Return the JSON document of `countersign compare`, with the deciding scorer's numbers."""
        top = self._numbers(self.deciding) if self.deciding else dict(_UNKNOWN)
        return {
            **self.verdict.document(),
            **top,
            "margin": self.rules.margin,
            "interval_level": 1 - 2 * self.rules.alpha_not_worse,
            "scorers": [self._numbers(d) for d in self.whole],
            "slices": [{"slice": d.slice, **self._numbers(d), "n": d.n} for d in self.slices],
        } | {"outcome": str(self.verdict.outcome)}

    def _numbers(self, one: Difference) -> dict[str, Any]:
        return {
            "scorer": one.scorer,
            "outcome": str(self.outcome_of(one)),
            "cases": one.n,
            "clusters": len(one.clusters.sums),
            "lost": len(one.lost),
            "gained": len(one.gained),
            "lost_cases": list(one.lost),
            "gained_cases": list(one.gained),
            "delta": one.delta,
            "interval": list(one.interval),
            "p_regressed": one.p_holm,
            "p_unadjusted": one.p,
            "needed_n": one.needed_n,
        }


def compare(
    candidate: Sequence[ScoreRow],
    baseline: Sequence[ScoreRow],
    rules: RegressionRules,
) -> Comparison:
    """Judge two runs of one suite. Chance is seeded: the same files give the same answer."""
    rules, pairing = replace(rules, reruns=0), pair(candidate, baseline)
    found = _plainly_named(differences(pairing, rules, seed=_SEED))
    findings = (
        *pairing.findings,
        *judge_critical_cases(pairing, rules),
        *judge_no_regression(pairing, found, rules, None),
        *judge_not_worse(pairing, found, rules),
    )
    verdict = conclude("compare", findings)
    return _with_headline(
        Comparison(
            verdict=verdict,
            whole=tuple(d for d in found if d.slice is None),
            slices=tuple(d for d in found if d.slice is not None),
            rules=rules,
            flaws=tuple(f.because for f in pairing.findings if f.outcome is not Outcome.PASSED),
        )
    )


def _plainly_named(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Write `de-DE` instead of `locale=de-DE` where only one attribute is sliced by."""
    keys = {d.slice.partition("=")[0] for d in found if d.slice}
    if len(keys) != 1:
        return tuple(found)
    return tuple(replace(d, slice=d.slice.partition("=")[2]) if d.slice else d for d in found)


def _with_headline(found: Comparison) -> Comparison:
    """Put the numbers of the deciding scorer into the first line, whichever rule decided."""
    if found.deciding is None:
        return found
    headline = _headline(found, found.deciding)
    return replace(found, verdict=replace(found.verdict, headline=headline))


def _headline(found: Comparison, deciding: Difference) -> str:
    """Begin with the numbers of a verdict by the margin, with the flaw where rows are missing."""
    verdict = found.verdict
    if verdict.is_passed:
        return f"passed: {_by_margin(found)}"
    decisive = next(f for f in verdict.findings if f.outcome is verdict.outcome)
    summary = decisive.because
    if decisive.rule == NOT_WORSE:
        summary = _by_margin(found)
    elif decisive.rule != NO_REGRESSION:
        summary += f"; {deciding.scorer}: {deciding.sentence()}"
    if verdict.outcome is Outcome.FAILED and found.flaws:
        summary += f"; {found.flaws[0]}"
    return verdict.headline.replace(decisive.because, summary, 1)


def _by_margin(found: Comparison) -> str:
    """Return the numbers of the scorer that is worst off, and what follows from them."""
    claims = [(d, *margin_claim(d, found.rules)) for d in found.whole]
    decisive = [(d, texts) for d, outcome, *texts in claims if outcome is found.verdict.outcome]
    one, texts = min(decisive, key=lambda claim: claim[0].interval[0])
    return "; ".join((f"{one.scorer}: {one.sentence()}", *filter(None, texts)))
