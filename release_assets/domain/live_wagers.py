"""What one batch offers to the streams of an SLO: a wager against the release, and one for it.

Decides the key, the null and the reach of each wager, and the sums that a reader wants. Refuses
to know capital, windows and verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live_samples import usable_costs
from release_assets.domain.live_streams import (
    MISSING_TOLERATED,
    counted,
    group_of,
    missing_group,
    rate_limit,
)
from release_assets.domain.rollout_plan import SloKind
from release_assets.domain.statistics import counts
from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, PROOF, Array, Wager
from release_assets.domain.statistics.blocks import balanced, numbers, unit_means

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.live_margins import Bounds
    from release_assets.domain.live_samples import Drop, Scores
    from release_assets.domain.live_traffic import CallCounts, LiveBatch
    from release_assets.domain.rollout_plan import Slo
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

    @property
    def key(self) -> Key:
        """The stream."""
        return self.against.key


def contributions(
    slo: Slo,
    margin: float,
    batch: LiveBatch,
    scored: Mapping[str, Scores],
    of_slices: Mapping[str, Bounds],
) -> list[Contribution]:
    """What a batch offers to the streams of one SLO; `of_slices` bounds drops, by scorer."""
    if slo.metric == "eval":
        own = scored.get(slo.subject or "")
        return [] if own is None else _of_scores(slo, margin, own)
    if slo.metric == "fairness":
        return [
            c
            for name in sorted(scored)
            for c in _gaps(slo, margin, of_slices[name], name, scored[name].drops)
        ]
    if slo.metric == "cost_per_call_usd":
        return _of_costs(slo, batch)
    return _of_counts(slo, batch.candidate, batch.stable)


def missing_contribution(scorer: str, own: Scores) -> Contribution | None:
    """Of the stream that asks whether the candidate's answers are harder to score."""
    lacks = numbers(unit_means(own.missing))
    if not len(lacks):
        return None
    key = (missing_group(scorer),)
    return Contribution(
        against=Wager(
            key=key, gains=lacks - MISSING_TOLERATED, reach=1 + MISSING_TOLERATED, grid=DIFFERENCE
        ),
        proof=None,
        tally=_tally(lacks),
    )


def _of_scores(slo: Slo, margin: float, own: Scores) -> list[Contribution]:
    if slo.kind is SloKind.DRIFT:
        return _drift((group_of(slo),), slo.tolerated, margin, _sides(own.drops))
    levels = numbers(unit_means(own.levels))
    if not len(levels):
        return []
    wager = Wager(key=(group_of(slo),), gains=slo.limit - levels, reach=1 - slo.limit, grid=LEVEL)
    return [Contribution(against=wager, proof=None, tally=_tally(levels))]


def _sides(drops: Sequence[Drop]) -> tuple[Array, Array]:
    """Candidate and stable scores, one of each per unit."""
    candidate = unit_means((d.unit, d.candidate) for d in drops)
    stable = unit_means((d.unit, d.stable) for d in drops)
    return numbers(candidate), numbers(stable)


def _drift(
    key: Key, tolerated: float, margin: float, sides: tuple[Array, Array]
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


def _gaps(
    slo: Slo, margin: float, alone: Bounds, scorer: str, drops: Iterable[Drop]
) -> list[Contribution]:
    """Each slice against its own stable answers, and each ordered pair of slices (rule 12)."""
    members: dict[str, list[Drop]] = defaultdict(list)
    for drop in drops:
        value = dict(drop.slices).get(slo.subject or "")
        if value is not None:
            members[value].append(drop)
    head = (group_of(slo), scorer)
    sides = {value: _sides(members[value]) for value in sorted(members)}
    made = [
        c
        for value in sides
        for c in _drift((*head, "drop", value), alone.tolerated, alone.margin, sides[value])
    ]
    lost = {value: stable - candidate for value, (candidate, stable) in sides.items()}
    for worse, better in permutations(sides, 2):
        key = (*head, "gap", worse, better)
        made.append(_gap(key, slo.tolerated, margin, balanced(lost[worse], lost[better])))
    return made


def _gap(key: Key, tolerated: float, margin: float, sides: tuple[Array, Array]) -> Contribution:
    """How much more one slice loses than another.

    The gap's limit is split over the two sides, which are bet on side by side in equal numbers:
    (1 + b(x - m/2)) (1 - b(y + m/2)) has mean one at most whenever x - y has mean m at most,
    whatever both slices lose in common. Twice the power of a bet on x - y, which can reach 2.
    """
    worse, better = sides
    half, margin_half = tolerated / 2, margin / 2
    gains = np.concatenate([worse - half, -better - half])
    for_gains = np.concatenate([margin_half - worse, margin_half + better])
    return Contribution(
        against=Wager(key=key, gains=gains, reach=1 + half, grid=DIFFERENCE),
        proof=Wager(key=key, gains=for_gains, reach=1 - margin_half, grid=PROOF),
        tally=_tally(worse - better, worse, better),
    )


def _of_costs(slo: Slo, batch: LiveBatch) -> list[Contribution]:
    """E8: a mean without an upper bound can be refuted, but not proven."""
    fine, _ = usable_costs(batch.candidate.costs_usd)
    if not fine:
        return []
    costs = np.sort(np.asarray(fine))
    wager = Wager(
        key=(group_of(slo),), gains=costs - slo.tolerated, reach=slo.tolerated, grid=LEVEL
    )
    stable = np.sort(np.asarray(usable_costs(batch.stable.costs_usd)[0], dtype=np.float64))
    n, total, squares, *_ = _tally(costs)
    tally = (n, total, squares, float(len(stable)), float(stable.sum()))
    return [Contribution(against=wager, proof=None, tally=tally)]


def _of_counts(slo: Slo, candidate: CallCounts, stable: CallCounts) -> list[Contribution]:
    events, n = counted(slo.metric, candidate)
    stable_events, stable_n = counted(slo.metric, stable)
    if n <= 0:
        return []
    if slo.kind is not SloKind.LEVEL:
        return _of_shares(slo, (events, n), (stable_events, stable_n))
    wager = counts.rate_wager((group_of(slo),), events, n, rate_limit(slo))
    tally = (float(n), float(events), float(events), float(stable_n), float(stable_events))
    return [Contribution(against=wager, proof=None, tally=tally)]


def _of_shares(slo: Slo, ours: tuple[int, int], theirs: tuple[int, int]) -> list[Contribution]:
    """E6: a relative limit; 0.25 allows the candidate 1.25 times stable's rate."""
    (events, n), (stable_events, stable_n) = ours, theirs
    allowed = counts.fair_share(n, stable_n, 1 + slo.tolerated)
    excluded = counts.fair_share(n, stable_n, 1 + slo.limit)
    if allowed is None or excluded is None or not events + stable_events:
        return []
    key, every = (group_of(slo),), events + stable_events
    return [
        Contribution(
            against=counts.rate_wager(key, events, every, allowed),
            proof=counts.rate_proof_wager(key, events, every, excluded),
            tally=(float(n), float(events), float(events), float(stable_n), float(stable_events)),
        )
    ]


def _tally(
    values: Array, first: Array | None = None, second: Array | None = None
) -> tuple[float, float, float, float, float]:
    one, two = (0.0 if side is None else _total(side) for side in (first, second))
    return float(len(values)), _total(values), _total(values**2), one, two


def _total(values: Array) -> float:
    return float(np.add.reduce(values))  # as values.sum(), in half the time
