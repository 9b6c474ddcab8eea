"""Whether a drop or a gap is proven small enough on both windows of a canary stage.

Decides by evidence alone: proven, or not yet. A gap holds when every ordered pair of slices and
every slice against its own stable answers is proven; a slice too rare to be judged is named.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.reading import NEEDED_FOR, Reading, amount
from release_assets.domain.live.streams import Stream, margin_to_prove, slice_bounds, stream_of
from release_assets.domain.statistics import intervals

if TYPE_CHECKING:
    from release_assets.domain.live.bets import Sums
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.rollout.slo import Slo

RARE_SLICE = 0.02  # a slice with a smaller share of the scored units is named, not judged


def drift_reading(shown: Shown, slo: Slo, margin: float) -> Reading:
    """Judge the drop of one scorer's scores against stable's."""
    stream = stream_of(slo)
    seen, proven = shown.sums(stream), shown.proof(stream)
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if proven >= NEEDED_FOR else Outcome.INCONCLUSIVE,
        because=f"{drop_sentence(slo, stream, seen)}; {_proof_clause('a drop', margin, proven)}",
        observed=seen.mean if seen.n else None,
        limit=slo.limit,
        n=int(seen.n),
        interval=drop_interval(stream, seen),
        scorer=slo.subject,
    )
    return Reading(finding=finding, evidence_for=proven)


def drop_interval(stream: Stream, seen: Sums) -> tuple[float, float] | None:
    """Return the interval at 95 %; a gap of two drops spans [-2, 2], so it is that of its half."""
    if stream.kind != "gap":
        return intervals.of_difference(seen.total, seen.squares, seen.n)
    of_half = intervals.of_difference(seen.total / 2, seen.squares / 4, seen.n)
    return None if of_half is None else (2 * of_half[0], 2 * of_half[1])


def drop_sentence(slo: Slo, stream: Stream, seen: Sums) -> str:
    """Return both arms' scores, the drop and its limit, with the number of compared pairs."""
    of, digits = slo.metric.of, slo.metric.digits
    what = f"{stream.scorer} in {stream.slice}" if _is_slice(stream) else stream.scorer
    if not seen.n:
        return f"{what}: no scored pair in this canary stage"
    first, second = (f"{total / seen.n:.{digits}f}" for total in (seen.first, seen.second))
    if stream.kind == "gap":
        return (
            f"{stream.scorer} lost {first} in {stream.slice} and {second} in {stream.other} on"
            f" {seen.n:.0f} {of} of each, gap {seen.mean:.3f}, limit {slo.limit:.3f}"
        )
    return (
        f"{what} {first} against stable {second} on {seen.n:.0f} {of}, drop {seen.mean:.3f},"
        f" limit {slo.limit:.3f}"
    )


def _is_slice(stream: Stream) -> bool:
    return stream.kind == "drop" and bool(stream.slice)


def _proof_clause(what: str, margin: float, proven: float) -> str:
    if proven >= NEEDED_FOR:
        return f"{what} under {margin:.3f} is proven"
    return f"evidence for {what} under {margin:.3f} is {amount(proven)} of {NEEDED_FOR:.0f} needed"


def fairness_reading(shown: Shown, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> Reading:
    """Judge the gaps between slices that the candidate opens."""
    judged, rare = _judged_streams(shown, slo)
    gaps = [stream for stream in judged if stream.kind == "gap"]
    if not gaps:
        text = f"fewer than two values of {slo.subject} have enough scored pairs to be compared"
        return Reading(finding=_undecided(slo, text), evidence_for=1.0)
    weakest = min(judged, key=lambda stream: (shown.proof(stream), stream))
    widest = max(gaps, key=lambda stream: (shown.sums(stream).mean, stream))
    proven, seen = shown.proof(weakest), shown.sums(widest)
    clause = _weakest_clause(plan, stage, slo, weakest, proven)
    text = f"{drop_sentence(slo, widest, seen)}; {clause}"
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if proven >= NEEDED_FOR else Outcome.INCONCLUSIVE,
        because=text + (f"; too rare to be judged: {', '.join(rare)}" if rare else ""),
        observed=seen.mean,
        limit=slo.limit,
        n=int(shown.sums(weakest).n),
        interval=drop_interval(widest, seen),
        slice=widest.slice,
        scorer=widest.scorer,
    )
    return Reading(finding=finding, evidence_for=proven)


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
