"""What one batch offers to the streams of an SLO: a wager against the release, and one for it.

Decides the key, the null and the reach of each wager, and the sums that a reader wants. Refuses
to know capital, windows and verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.observations import amounts
from release_assets.domain.live.streams import (
    MISSING_TOLERATED,
    counted,
    missing_group,
)
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import counts
from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, PROOF, Array, Wager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.scores import Scores, Sides
    from release_assets.domain.live.traffic import CallCounts, LiveBatch
    from release_assets.domain.rollout.slo import Slo
    from release_assets.domain.statistics.capital import Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What one batch adds to one stream.

    `tally` is (n, sum, sum of squares, first, second): for drops the two sums are candidate and
    stable scores, for counts and costs they are the stable arm's n and sum.
    """

    against: Wager
    proof: Wager | None
    tally: tuple[float, float, float, float, float]


def contributions(
    slo: Slo, margin: float, batch: LiveBatch, scored: Mapping[str, Scores]
) -> list[Contribution]:
    """What a batch offers to the stream of one SLO; gaps have many (`live_gaps.py`)."""
    if slo.metric.is_scored:
        own = scored.get(slo.subject or "")
        return [] if own is None else _of_scores(slo, margin, own)
    if slo.metric.counted is Counted.MEAN:
        return _of_means(slo, batch)
    return _of_counts(slo, batch.candidate, batch.stable)


def missing_contribution(scorer: str, own: Scores) -> Contribution | None:
    """Of the stream that asks whether the candidate's answers are harder to score."""
    lacks = own.missing.means()
    if not len(lacks):
        return None
    key, gains = (missing_group(scorer),), lacks - MISSING_TOLERATED
    wager = Wager(key=key, gains=gains, reach=1 + MISSING_TOLERATED, grid=DIFFERENCE)
    return Contribution(against=wager, proof=None, tally=_tally(lacks))


def _of_scores(slo: Slo, margin: float, own: Scores) -> list[Contribution]:
    if slo.metric.counted is Counted.DROP:
        return drop_contribution((slo.group,), slo.tolerated, margin, own.drops.sides())
    levels = own.levels.means()
    if not len(levels):
        return []
    wager = Wager(key=(slo.group,), gains=slo.limit - levels, reach=1 - slo.limit, grid=LEVEL)
    return [Contribution(against=wager, proof=None, tally=_tally(levels))]


def drop_contribution(
    key: Key, tolerated: float, margin: float, sides: Sides
) -> list[Contribution]:
    """E4: one observation per unit, against "more than tolerated", for "less than the margin"."""
    candidate, stable = sides
    lost = stable - candidate
    if not len(lost):
        return []
    return [
        Contribution(
            against=Wager(key=key, gains=lost - tolerated, reach=1 + tolerated, grid=DIFFERENCE),
            proof=Wager(key=key, gains=margin - lost, reach=1 - margin, grid=PROOF),
            tally=_tally(lost, candidate, stable),
        )
    ]


def _of_means(slo: Slo, batch: LiveBatch) -> list[Contribution]:
    """E8: a mean without an upper bound can be refuted, but not proven."""
    ours, theirs = (_amounts_of(slo, calls) for calls in (batch.candidate, batch.stable))
    if not len(ours):
        return []
    gains, null = ours - slo.tolerated, slo.tolerated
    n, total, squares, *_ = _tally(ours)
    return [
        Contribution(
            against=Wager(key=(slo.group,), gains=gains, reach=null, grid=LEVEL),
            proof=None,
            tally=(n, total, squares, float(len(theirs)), _total(theirs)),
        )
    ]


def _amounts_of(slo: Slo, calls: CallCounts) -> Array:
    return amounts(getattr(calls, slo.metric.among))


def _of_counts(slo: Slo, candidate: CallCounts, stable: CallCounts) -> list[Contribution]:
    events, n = counted(slo, candidate)
    stable_events, stable_n = counted(slo, stable)
    if n <= 0:
        return []
    wager = counts.rate_wager((slo.group,), events, n, slo.allowed_share)
    tally = (float(n), float(events), float(events), float(stable_n), float(stable_events))
    return [Contribution(against=wager, proof=None, tally=tally)]


def _tally(
    values: Array, first: Array | None = None, second: Array | None = None
) -> tuple[float, float, float, float, float]:
    one, two = (0.0 if side is None else _total(side) for side in (first, second))
    return float(len(values)), _total(values), _total(values**2), one, two


def _total(values: Array) -> float:
    return float(np.add.reduce(values))  # as values.sum(), in half the time
