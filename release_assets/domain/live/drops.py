"""Whether a drop or a gap is proven small enough on both windows of a canary stage.

Decides by evidence alone: proven, or not yet. A gap holds when every ordered pair of slices and
every slice against its own stable answers is proven; a slice too rare to be judged is named.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.margins import margin_to_prove, slice_bounds
from release_assets.domain.live.reading import NEEDED_FOR, Reading, amount
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import intervals

if TYPE_CHECKING:
    from release_assets.domain.live.reading import Shown, Tally
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo
    from release_assets.domain.statistics.capital import Key

RARE_SLICE = 0.02  # a slice with a smaller share of the scored units is named, not judged


def drift_reading(shown: Shown, slo: Slo, margin: float) -> Reading:
    """Of the drop of one scorer's scores against stable's."""
    key = (slo.group,)
    seen, proven = shown.tally(key), shown.proof(key)
    holds = proven >= NEEDED_FOR
    text = drop_sentence(slo, key, seen)
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if holds else Outcome.INCONCLUSIVE,
        because=f"{text}; {_proof_clause('a drop', margin, proven)}",
        observed=seen.mean if seen.n else None,
        limit=slo.limit,
        n=int(seen.n),
        interval=drop_interval(key, seen),
        scorer=slo.subject,
    )
    return Reading(finding=finding, evidence_for=proven)


def drop_interval(key: Key, seen: Tally) -> tuple[float, float] | None:
    """At 95 %, for the reader; a gap of two drops spans [-2, 2], so it is computed on its half."""
    if len(key) <= 4:
        return intervals.of_difference(seen.total, seen.squares, seen.n)
    of_half = intervals.of_difference(seen.total / 2, seen.squares / 4, seen.n)
    return None if of_half is None else (2 * of_half[0], 2 * of_half[1])


def drop_sentence(slo: Slo, key: Key, seen: Tally) -> str:
    """Both arms' scores, the drop and its limit, with the number of compared pairs."""
    what = slo.noun if slo.metric.counted is Counted.DROP else key[1]
    where = f" in {key[3]}" if len(key) > 3 and key[2] == "drop" else ""
    if not seen.n:
        return f"{what}{where}: no scored pair in this canary stage"
    if len(key) > 4:
        return (
            f"{what} lost {seen.first / seen.n:.3f} in {key[3]} and {seen.second / seen.n:.3f}"
            f" in {key[4]} on {seen.n:.0f} scored pairs of each, gap {seen.mean:.3f},"
            f" limit {slo.limit:.3f}"
        )
    return (
        f"{what}{where} {seen.first / seen.n:.2f} against stable {seen.second / seen.n:.2f}"
        f" on {seen.n:.0f} scored pairs, drop {seen.mean:.3f}, limit {slo.limit:.3f}"
    )


def _proof_clause(what: str, margin: float, proven: float) -> str:
    if proven >= NEEDED_FOR:
        return f"{what} under {margin:.3f} is proven"
    return f"evidence for {what} under {margin:.3f} is {amount(proven)} of {NEEDED_FOR:.0f} needed"


def fairness_reading(shown: Shown, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> Reading:
    """Of the gaps between slices that the candidate opens."""
    judged, rare = _judged_streams(shown, slo)
    gaps = [key for key in judged if key[2] == "gap"]
    if not gaps:
        text = f"fewer than two values of {slo.subject} have enough scored pairs to be compared"
        return Reading(finding=_undecided(slo, text), evidence_for=1.0)
    weakest = min(judged, key=lambda key: (shown.proof(key), key))
    widest = max(gaps, key=lambda key: (shown.tally(key).mean, key))
    proven, seen = shown.proof(weakest), shown.tally(widest)
    alone = slice_bounds(plan, stage, slo, weakest[1]).margin
    margin = margin_to_prove(plan, stage, slo) if weakest[2] == "gap" else alone
    text = f"{drop_sentence(slo, widest, seen)}; {_weakest_clause(weakest, margin, proven)}"
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if proven >= NEEDED_FOR else Outcome.INCONCLUSIVE,
        because=text + (f"; too rare to be judged: {', '.join(rare)}" if rare else ""),
        observed=seen.mean,
        limit=slo.limit,
        n=int(shown.tally(weakest).n),
        interval=drop_interval(widest, seen),
        slice=widest[3],
        scorer=widest[1],
    )
    return Reading(finding=finding, evidence_for=proven)


def _undecided(slo: Slo, because: str) -> Finding:
    outcome = Outcome.INCONCLUSIVE
    return Finding(rule=slo.name, outcome=outcome, because=because, limit=slo.limit, n=0)


def _weakest_clause(key: Key, margin: float, proven: float) -> str:
    what = f"a drop in {key[3]}" if key[2] == "drop" else f"a gap of {key[3]} to {key[4]}"
    return _proof_clause(what, margin, proven)


def _judged_streams(shown: Shown, slo: Slo) -> tuple[list[Key], list[str]]:
    """All streams that must be proven, seen or not, and the slices that are too rare to judge."""
    keys = [k for k in shown.place if k[0] == slo.group and k[2] == "drop"]
    sizes = {key: shown.tally(key).n for key in keys}
    every = sum(sizes.values())
    fair = sorted(key for key in keys if sizes[key] >= RARE_SLICE * every)
    gaps = [
        (*one[:2], "gap", one[3], other[3])
        for one, other in permutations(fair, 2)
        if one[1] == other[1]
    ]
    return [*fair, *gaps], sorted(key[3] for key in keys if key not in fair)
