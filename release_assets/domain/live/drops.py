"""Whether a drop or a gap is proven small enough on both windows of a canary stage.

Decides by evidence alone: proven, or not yet. A gap holds when every ordered pair of slices and
every slice against its own stable answers is proven. A slice under `RARE_SLICE` needs no proof and
is named, though bets against it count; one that no call of the stage carried is not known here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.reading import NEEDED_FOR, SloReading, amount
from release_assets.domain.live.streams import Stream, margin_to_prove, slice_bounds, stream_of

if TYPE_CHECKING:
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

RARE_SLICE = 0.02  # a slice with a smaller share of the scored units is named, not judged


def drift_reading(shown: Shown, slo: Slo, margin: float) -> SloReading:
    """Judge the drop of one scorer's scores against stable's."""
    stream = stream_of(slo)
    proven = shown.proof(stream)
    clause = _proof_clause("a drop", margin, proven)
    found = shown.finding(slo, stream, _outcome(proven), clause)
    return SloReading(finding=found, evidence_for=proven)


def _outcome(proven: float) -> Outcome:
    return Outcome.PASSED if proven >= NEEDED_FOR else Outcome.INCONCLUSIVE


def _proof_clause(what: str, margin: float, proven: float) -> str:
    if proven >= NEEDED_FOR:
        return f"{what} under {margin:.3f} is proven"
    return f"evidence for {what} under {margin:.3f} is {amount(proven)} of {NEEDED_FOR:.0f} needed"


def fairness_reading(shown: Shown, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> SloReading:
    """Judge the gaps between slices that the candidate opens."""
    judged, rare = _judged_streams(shown, slo)
    gaps = [stream for stream in judged if stream.kind == "gap"]
    if not gaps:
        text = f"fewer than two values of {slo.subject} have enough scored pairs to be compared"
        return SloReading(finding=_undecided(slo, text), evidence_for=1.0)
    weakest = min(judged, key=lambda stream: (shown.proof(stream), stream))
    widest = max(gaps, key=lambda stream: (shown.sums(stream).mean, stream))
    proven, rarest = shown.proof(weakest), ", ".join(rare)
    clauses = (
        _weakest_clause(plan, stage, slo, weakest, proven),
        f"too rare to be judged: {rarest}" if rare else "",
    )
    found = shown.finding(slo, widest, _outcome(proven), *clauses)
    seen, n = shown.sums(widest).mean, int(shown.sums(weakest).n)
    return SloReading(finding=replace(found, observed=seen, n=n), evidence_for=proven)


def _undecided(slo: Slo, because: str) -> Finding:
    outcome = Outcome.INCONCLUSIVE
    return Finding(rule=slo.name, outcome=outcome, because=because, limit=slo.limit, n=0)


def _weakest_clause(
    plan: RolloutPlan, stage: CanaryStage, slo: Slo, weakest: Stream, proven: float
) -> str:
    if weakest.kind == "gap":
        what = f"a gap of {weakest.slice} to {weakest.other}"
        return _proof_clause(what, margin_to_prove(plan, stage, slo), proven)
    alone = slice_bounds(plan, stage, slo, weakest.scorer)
    return _proof_clause(f"a drop in {weakest.slice}", alone.margin, proven)


def _judged_streams(shown: Shown, slo: Slo) -> tuple[list[Stream], list[str]]:
    """Return the streams that must be proven, seen or not, and the slices too rare to judge."""
    own = [stream for stream in shown.place if stream.group == slo.group]
    sizes = {stream: shown.sums(stream).n for stream in own if stream.kind == "drop"}
    every = sum(sizes.values())
    fair = sorted(stream for stream, n in sizes.items() if n >= RARE_SLICE * every)
    gaps = [
        Stream(slo.group, one.scorer, "gap", one.slice, other.slice)
        for one, other in permutations(fair, 2)
        if one.scorer == other.scorer
    ]
    return [*fair, *gaps], sorted(stream.slice for stream in sizes if stream not in fair)
