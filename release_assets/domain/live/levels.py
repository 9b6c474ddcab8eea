"""Whether an absolute limit is kept in a canary stage, where data may be few.

A `guard` stage asks for its least number of calls. A `proof` stage also asks for an observed value
within the limit on both windows, and for as many calls as would prove twice the limit if none had
failed: proof of the limit itself would hold a release that is as good as stable. Ratings come when
people like: while there are few, they are guarded; without any, nothing is proven. A percentile is
judged as the share of calls that took longer than its limit (`streams.counted`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Outcome
from release_assets.domain.live.streams import stream_of
from release_assets.domain.rollout.metrics import SloKind
from release_assets.domain.statistics.counts import clean_calls_to_prove
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF

if TYPE_CHECKING:
    from release_assets.domain.finding import Finding
    from release_assets.domain.live.bets import Sums
    from release_assets.domain.live.reading import Shown
    from release_assets.domain.rollout.plan import CanaryStage
    from release_assets.domain.rollout.slo import Slo

_ENOUGH_MEANS = 30  # for a mean without bounds nothing can be proven; this is the least shown


def level_finding(shown: Shown, stage: CanaryStage, slo: Slo) -> Finding:
    """Judge whether the level holds, with the reason of any doubt."""
    stream = stream_of(slo)
    whole, half = shown.sums(stream), shown.sums(stream, HALF)
    doubt = _doubt(shown, stage, slo, whole, half)
    return shown.finding(slo, stream, Outcome.INCONCLUSIVE if doubt else Outcome.PASSED, doubt)


def _doubt(shown: Shown, stage: CanaryStage, slo: Slo, whole: Sums, half: Sums) -> str:
    """Return why the level cannot be called fine yet, or nothing."""
    if slo.metric.is_voluntary and whole.n < _enough(slo):
        return _doubt_about_few_ratings(shown, stage, whole)
    if whole.n < stage.least_calls:
        return f"fewer than the {stage.least_calls} needed"
    return "" if stage.evidence == "guard" else _doubt_about_proof(slo, whole, half)


def _doubt_about_few_ratings(shown: Shown, stage: CanaryStage, whole: Sums) -> str:
    if stage.evidence == "proof" and not whole.n:
        return "no rating has matured"
    is_enough = _calls(shown, stage) >= stage.least_calls
    return "" if is_enough else f"fewer than {stage.least_calls} calls"


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
    return shown.most(stream_of(slo) for slo in levels)


def calls_to_judge(stage: CanaryStage, slo: Slo) -> int:
    """Return the least calls, ratings or scored units after which a level can hold."""
    if slo.metric.is_voluntary:
        return 0 if stage.evidence == "guard" else 1
    return max(stage.least_calls, 0 if stage.evidence == "guard" else _enough(slo))


def _enough(slo: Slo) -> int:
    if slo.metric.is_averaged:
        return _ENOUGH_MEANS
    return clean_calls_to_prove(2 * slo.allowed_share, PROOF_ALPHA)


def _within(slo: Slo, seen: Sums) -> bool:
    limit = slo.allowed_share
    return seen.mean <= limit if slo.metric.direction == "max" else seen.mean >= limit
