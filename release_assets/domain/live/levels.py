"""Whether an absolute limit is kept in a canary stage, where data may be few.

A `guard` stage asks for its least number of calls. A `proof` stage also asks for an observed value
within the limit on both windows, and for as many calls as would prove twice the limit if none had
failed: proof of the limit itself would hold a release that is as good as stable. Ratings come when
people like: while there are few, they are guarded; without any, nothing is proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.live.streams import stream_of
from release_assets.domain.rollout.metrics import Counted, SloKind
from release_assets.domain.statistics import intervals
from release_assets.domain.statistics.counts import clean_calls_to_prove
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF

if TYPE_CHECKING:
    from release_assets.domain.live.bets import Sums
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.rollout.plan import CanaryStage
    from release_assets.domain.rollout.slo import Slo

_AVERAGED = {Counted.MEAN, Counted.SCORE}
_ENOUGH_MEANS = 30  # for a mean without bounds nothing can be proven; this is the least shown


def level_finding(shown: Shown, stage: CanaryStage, slo: Slo) -> Finding:
    """Judge whether the level holds, with the reason of any doubt."""
    stream = stream_of(slo)
    whole, half = shown.sums(stream), shown.sums(stream, HALF)
    doubt = _doubt(shown, stage, slo, whole, half)
    text = level_sentence(slo, whole)
    return Finding(
        rule=slo.name,
        outcome=Outcome.INCONCLUSIVE if doubt else Outcome.PASSED,
        because=f"{text}; {doubt}" if doubt else text,
        observed=whole.mean if whole.n else None,
        limit=slo.allowed_share,
        n=int(whole.n),
        interval=level_interval(slo, whole),
        scorer=slo.subject,
    )


def _doubt(shown: Shown, stage: CanaryStage, slo: Slo, whole: Sums, half: Sums) -> str:
    """Return why the level cannot be called fine yet, or nothing."""
    if slo.metric.is_voluntary and whole.n < _enough(slo):
        return _doubt_about_few_ratings(shown, stage, whole)
    if whole.n < max(1, stage.min_samples):
        return f"fewer than the {max(1, stage.min_samples)} needed"
    return "" if stage.evidence == "guard" else _doubt_about_proof(slo, whole, half)


def _doubt_about_few_ratings(shown: Shown, stage: CanaryStage, whole: Sums) -> str:
    if stage.evidence == "proof" and not whole.n:
        return "no rating has matured"
    least = max(1, stage.min_samples)
    return "" if _calls(shown, stage) >= least else f"fewer than {least} calls"


def _doubt_about_proof(slo: Slo, whole: Sums, half: Sums) -> str:
    if whole.n < _enough(slo):
        return f"{_enough(slo)} are needed to tell"
    if not half.n:
        return "nothing was seen in the second half of the stage"
    if not (_within(slo, whole) and _within(slo, half)):
        return "over the limit, but not yet beyond doubt"
    return ""


def _calls(shown: Shown, stage: CanaryStage) -> float:
    """Return the most calls that any level of the stage has counted; ratings are part of them."""
    levels = (slo for slo in stage.slos if slo.kind is SloKind.LEVEL)
    return max(shown.sums(stream_of(slo)).n for slo in levels)


def calls_to_judge(stage: CanaryStage, slo: Slo) -> int:
    """Return the least calls, ratings or scored units after which a level can hold."""
    if slo.metric.is_voluntary:
        return 0 if stage.evidence == "guard" else 1
    return max(1, stage.min_samples, 0 if stage.evidence == "guard" else _enough(slo))


def _enough(slo: Slo) -> int:
    if slo.metric.counted in _AVERAGED:
        return _ENOUGH_MEANS
    return clean_calls_to_prove(2 * slo.allowed_share, PROOF_ALPHA)


def _within(slo: Slo, seen: Sums) -> bool:
    limit = slo.allowed_share
    return seen.mean <= limit if slo.metric.direction == "max" else seen.mean >= limit


def level_sentence(slo: Slo, seen: Sums) -> str:
    """Return the observed level, its limit and the number of calls, and stable's beside it."""
    row, n, limit = slo.metric, f"{seen.n:.0f} {slo.metric.of}", f"limit {slo.limit:g}"
    beside = f" (stable {seen.second / seen.first:.{row.digits}f})" if seen.first else ""
    if not seen.n:
        return f"{slo.noun}: nothing was counted in this canary stage"
    if row.counted is Counted.MEAN:
        return f"{slo.noun} {seen.mean:.{row.digits}f} {row.unit} a call on {n}, {limit}" + beside
    if row.counted is Counted.PERCENTILE:
        slow = f"{seen.mean:.1%} of {n} took longer than {slo.limit:g} ms"
        return f"{slow}, {slo.allowed_share:.0%} allowed" + beside
    if row.counted is Counted.SCORE:
        return f"{slo.noun} {seen.mean:.{row.digits}f} on {n}, least {slo.limit:g}"
    return f"{slo.noun} {seen.mean:.{row.digits}f} ({seen.total:.0f} of {n}), {limit}" + beside


def level_interval(slo: Slo, seen: Sums) -> tuple[float, float] | None:
    """Return the interval at 95 %, for the reader."""
    if slo.metric.counted in _AVERAGED:
        return intervals.of_mean(seen.total, seen.squares, seen.n)
    return intervals.of_rate(seen.total, seen.n)
