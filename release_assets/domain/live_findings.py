"""What one canary stage shows about each SLO, in sentences for the release manager.

Decides, from the windows of one state, whether an SLO is proven, harmed or undecided. A drift or
gap holds when its margin is proven on the whole stage and on its second half. A level is judged
by its data alone: a `guard` stage asks for calls without a breach, a `proof` stage also for an
observed value within the limit on both windows and for as many calls as would prove twice the
limit if none had failed. Ratings come when people like: with fewer of them, they are guarded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live_margins import margin_to_prove
from release_assets.domain.live_state import EARNED
from release_assets.domain.live_streams import (
    MISSING_TOLERATED,
    group_of,
    missing_group,
    rate_limit,
    scorers_of,
)
from release_assets.domain.rollout_plan import SloKind
from release_assets.domain.statistics import intervals
from release_assets.domain.statistics.bets import PROOF, Array, evidence, log_sum
from release_assets.domain.statistics.counts import clean_calls_to_prove
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF, WHOLE, window
from release_assets.domain.verdict import Finding, Outcome

if TYPE_CHECKING:
    from release_assets.domain.live_state import LiveState
    from release_assets.domain.rollout_plan import CanaryStage, RolloutPlan, Slo
    from release_assets.domain.statistics.capital import Key

NEEDED_FOR = 1 / PROOF_ALPHA
RARE_SLICE = 0.02  # a slice with a smaller share of the scored units is named, not judged
FAULTS_TOLERATED = 0.01
_ENOUGH_MEANS = 30  # for a mean without bounds nothing can be proven; this is the least shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One finding, and how much evidence speaks for the release in its weakest stream."""

    finding: Finding
    evidence_for: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Sums over one window of one stream; see `live_streams.Contribution`."""

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    first: float = 0.0
    second: float = 0.0

    @property
    def mean(self) -> float:
        """The mean observation, or zero without any."""
        return self.total / self.n if self.n else 0.0


def tally(state: LiveState, key: Key, which: int = WHOLE) -> Tally:
    """The sums of one stream in one window of this canary stage."""
    row = window(state.windows, key, which)
    if row is None:
        return Tally()
    n, total, squares, first, second = row[EARNED:].tolist()
    return Tally(n=n, total=total, squares=squares, first=first, second=second)


def proof(state: LiveState, key: Key) -> float:
    """The evidence for the release: the weaker of the whole stage and its second half."""
    rows = [window(state.windows, key, which) for which in (WHOLE, HALF)]
    return min(_evidence(row) for row in rows)


def _evidence(row: Array | None) -> float:
    return 1.0 if row is None else evidence(log_sum(row[:EARNED] + PROOF.log_weights))


def readings(state: LiveState, plan: RolloutPlan, stage: CanaryStage) -> list[Reading]:
    """All SLOs of the stage, then the completeness and the soundness of its scores."""
    made = [_read(state, plan, stage, slo) for slo in stage.slos]
    judged = scorers_of(plan)
    made += [Reading(finding=_missing(state, scorer)) for scorer in judged]
    return made + [Reading(finding=_unusable(state, s)) for s in judged if _faults(state, s)[1]]


def scored(state: LiveState) -> int:
    """The most observations with scores of both arms that any scorer has in this stage."""
    keys = [key for key in state.windows.keys if key[0].startswith("eval ") and len(key) == 1]
    return int(max((tally(state, key).n for key in keys), default=0.0))


def _read(state: LiveState, plan: RolloutPlan, stage: CanaryStage, slo: Slo) -> Reading:
    margin = margin_to_prove(plan, stage, slo)
    if slo.kind is SloKind.LEVEL:
        return Reading(finding=_level(state, stage, slo))
    if slo.metric == "fairness":
        return _fairness(state, slo, margin)
    if slo.metric == "eval":
        return _drift(state, slo, margin, (group_of(slo),))
    return _ratio(state, slo, margin)


def _drift(
    state: LiveState, slo: Slo, margin: float, key: Key, where: str | None = None
) -> Reading:
    seen, shown = tally(state, key), proof(state, key)
    holds = shown >= NEEDED_FOR
    text = drop_sentence(slo, key, seen)
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if holds else Outcome.INCONCLUSIVE,
        because=f"{text}; {_proof_clause('a drop', margin, shown)}",
        observed=seen.mean if seen.n else None,
        limit=slo.limit,
        n=int(seen.n),
        interval=intervals.of_difference(seen.total, seen.squares, seen.n),
        slice=where,
        scorer=slo.subject if slo.metric == "eval" else key[1],
    )
    return Reading(finding=finding, evidence_for=shown)


def drop_sentence(slo: Slo, key: Key, seen: Tally) -> str:
    """Both arms' scores, the drop and its limit, with the number of compared pairs."""
    what = (slo.subject if slo.metric == "eval" else key[1]) or slo.metric
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


def _proof_clause(what: str, margin: float, shown: float) -> str:
    if shown >= NEEDED_FOR:
        return f"{what} under {margin:.3f} is proven"
    return f"evidence for {what} under {margin:.3f} is {shown:.1f} of {NEEDED_FOR:.0f} needed"


def _fairness(state: LiveState, slo: Slo, margin: float) -> Reading:
    judged, rare = _judged_slices(state, slo)
    if len({key[3] for key in judged}) < 2:
        text = f"fewer than two values of {slo.subject} have enough scored pairs to be compared"
        finding = Finding(
            rule=slo.name, outcome=Outcome.INCONCLUSIVE, because=text, limit=slo.limit, n=0
        )
        return Reading(finding=finding, evidence_for=1.0)
    weakest = min(judged, key=lambda key: (proof(state, key), key))
    widest = max((k for k in judged if k[2] == "gap"), key=lambda k: (tally(state, k).mean, k))
    shown, seen = proof(state, weakest), tally(state, widest)
    text = f"{drop_sentence(slo, widest, seen)}; {_weakest_clause(weakest, margin, shown)}"
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if shown >= NEEDED_FOR else Outcome.INCONCLUSIVE,
        because=text + (f"; too rare to be judged: {', '.join(rare)}" if rare else ""),
        observed=seen.mean,
        limit=slo.limit,
        n=int(tally(state, weakest).n),
        interval=intervals.of_difference(seen.total / 2, seen.squares / 4, seen.n),
        slice=widest[3],
        scorer=widest[1],
    )
    return Reading(finding=replace(finding, interval=_doubled(finding)), evidence_for=shown)


def _doubled(finding: Finding) -> tuple[float, float] | None:
    """A gap of two drops spans [-2, 2]; the interval was computed on half of it."""
    return None if finding.interval is None else (finding.interval[0] * 2, finding.interval[1] * 2)


def _weakest_clause(key: Key, margin: float, shown: float) -> str:
    what = f"a drop in {key[3]}" if key[2] == "drop" else f"a gap of {key[3]} to {key[4]}"
    return _proof_clause(what, margin, shown)


def _judged_slices(state: LiveState, slo: Slo) -> tuple[list[Key], list[str]]:
    """The streams of slices with a fair share of this stage's units, and the values without."""
    keys = [k for k in state.windows.keys if k[0] == group_of(slo) and tally(state, k).n]
    sizes = {key[3]: tally(state, key).n for key in keys if key[2] == "drop"}
    rare = sorted(value for value, n in sizes.items() if n < RARE_SLICE * sum(sizes.values()))
    return [key for key in keys if not set(key[3:]) & set(rare)], rare


def _ratio(state: LiveState, slo: Slo, margin: float) -> Reading:
    """A relative limit on a counted metric (E6)."""
    key = (group_of(slo),)
    seen, shown = tally(state, key), proof(state, key)
    ours, theirs = seen.mean, seen.second / seen.first if seen.first else 0.0
    text = (
        f"{_label(slo)} {ours:.4f} against stable {theirs:.4f} on {seen.n:.0f} calls,"
        f" {1 + slo.limit:g} times allowed; "
        f"{_proof_clause('a ratio', 1 + margin, shown)}"
    )
    finding = Finding(
        rule=slo.name,
        outcome=Outcome.PASSED if shown >= NEEDED_FOR else Outcome.INCONCLUSIVE,
        because=text,
        observed=ours / theirs - 1 if theirs else None,
        limit=slo.limit,
        n=int(seen.n),
    )
    return Reading(finding=finding, evidence_for=shown)


def _level(state: LiveState, stage: CanaryStage, slo: Slo) -> Finding:
    key = (group_of(slo),)
    whole, half = tally(state, key), tally(state, key, HALF)
    doubt = _doubt(state, stage, slo, whole, half)
    text = level_sentence(slo, whole)
    return Finding(
        rule=slo.name,
        outcome=Outcome.INCONCLUSIVE if doubt else Outcome.PASSED,
        because=f"{text}; {doubt}" if doubt else text,
        observed=whole.mean if whole.n else None,
        limit=rate_limit(slo),
        n=int(whole.n),
        interval=_level_interval(slo, whole),
        scorer=slo.subject,
    )


def _doubt(state: LiveState, stage: CanaryStage, slo: Slo, whole: Tally, half: Tally) -> str:
    """Why the level cannot be called fine yet, or nothing."""
    if slo.metric == "feedback_negative_rate" and whole.n < _enough(slo):
        return _doubt_about_few_ratings(state, stage, whole)
    if whole.n < max(1, stage.min_samples):
        return f"fewer than the {max(1, stage.min_samples)} needed"
    return "" if stage.evidence == "guard" else _doubt_about_proof(slo, whole, half)


def _doubt_about_few_ratings(state: LiveState, stage: CanaryStage, whole: Tally) -> str:
    if stage.evidence == "proof" and not whole.n:
        return "no rating has matured"
    least = max(1, stage.min_samples)
    return "" if _calls(state, stage) >= least else f"fewer than {least} calls"


def _doubt_about_proof(slo: Slo, whole: Tally, half: Tally) -> str:
    if whole.n < _enough(slo):
        return f"{_enough(slo)} are needed to tell"
    if not half.n:
        return "nothing was seen in the second half of the stage"
    if not (_within(slo, whole) and _within(slo, half)):
        return "over the limit, but not yet beyond doubt"
    return ""


def _calls(state: LiveState, stage: CanaryStage) -> float:
    """The most calls that any level of the stage has counted: ratings are a part of them."""
    levels = (slo for slo in stage.slos if slo.kind is SloKind.LEVEL)
    return max(tally(state, (group_of(slo),)).n for slo in levels)


def _enough(slo: Slo) -> int:
    if slo.metric in {"cost_per_call_usd", "eval"}:
        return _ENOUGH_MEANS
    return clean_calls_to_prove(2 * rate_limit(slo), PROOF_ALPHA)


def _within(slo: Slo, seen: Tally) -> bool:
    limit = rate_limit(slo)
    return seen.mean <= limit if slo.bound == "max" else seen.mean >= limit


def level_sentence(slo: Slo, seen: Tally) -> str:
    """The observed level, its limit and the number of calls, and stable's beside it."""
    if not seen.n:
        return f"{_label(slo)}: nothing was counted in this canary stage"
    if slo.metric == "latency_ms":
        share = f"{seen.mean:.1%} of {seen.n:.0f} calls took longer than {slo.limit:g} ms"
        return f"{share}, {rate_limit(slo):.0%} allowed{_stable_clause(seen)}"
    if slo.metric == "cost_per_call_usd":
        text = f"cost {seen.mean:.4f} usd a call on {seen.n:.0f} calls, limit {slo.limit:g}"
        return text + (f" (stable {seen.second / seen.first:.4f})" if seen.first else "")
    if slo.metric == "eval":
        return f"{slo.subject} {seen.mean:.2f} on {seen.n:.0f} scored units, least {slo.limit:g}"
    of = "ratings" if slo.metric == "feedback_negative_rate" else "calls"
    text = f"{_label(slo)} {seen.mean:.4f} ({seen.total:.0f} of {seen.n:.0f} {of})"
    return f"{text}, limit {slo.limit:g}{_stable_clause(seen)}"


def _stable_clause(seen: Tally) -> str:
    return f" (stable {seen.second / seen.first:.4f})" if seen.first else ""


def _label(slo: Slo) -> str:
    return slo.metric.replace("_", " ")


def _level_interval(slo: Slo, seen: Tally) -> tuple[float, float] | None:
    if slo.metric in {"cost_per_call_usd", "eval"}:
        return intervals.of_mean(seen.total, seen.squares, seen.n)
    return intervals.of_rate(seen.total, seen.n)


def _missing(state: LiveState, scorer: str) -> Finding:
    """Passed unless the stream breached: the proof of a drop pays for what is missing."""
    seen = tally(state, (missing_group(scorer),))
    return Finding(
        rule="scores_are_complete",
        outcome=Outcome.PASSED if seen.n else Outcome.INCONCLUSIVE,
        because=missing_sentence(scorer, seen),
        observed=seen.mean if seen.n else None,
        limit=MISSING_TOLERATED,
        n=int(seen.n),
        interval=intervals.of_difference(seen.total, seen.squares, seen.n),
        scorer=scorer,
    )


def missing_sentence(scorer: str, seen: Tally) -> str:
    """How much more often the candidate's answers could not be scored."""
    if not seen.n:
        return f"{scorer}: nothing was sent to the scorer in this canary stage"
    return (
        f"{scorer} is missing {seen.mean:.1%} more often for the candidate than for stable"
        f" on {seen.n:.0f} units, {MISSING_TOLERATED:.0%} tolerated"
    )


def _unusable(state: LiveState, scorer: str) -> Finding:
    seen, bad, *_ = _faults(state, scorer)
    too_many = bad > FAULTS_TOLERATED * max(seen, 1.0)
    return Finding(
        rule="scores_are_usable",
        outcome=Outcome.INCONCLUSIVE if too_many else Outcome.PASSED,
        because=f"{bad:.0f} scores of {scorer} on {seen:.0f} answers were not numbers in 0..1",
        observed=bad / max(seen, 1.0),
        limit=FAULTS_TOLERATED,
        n=int(seen),
        scorer=scorer,
    )


def _faults(state: LiveState, scorer: str) -> Array:
    if (scorer,) not in state.faults.keys:
        return np.zeros(4)
    row: Array = state.faults.rows[state.faults.keys.index((scorer,))]
    return row
