"""Gaps between slices: how much more one slice loses than another, all ordered pairs at once.

The gap's limit is split over the two sides, which are bet on side by side in equal numbers:
(1 + b(x - m/2)) (1 - b(y + m/2)) has mean one at most whenever x - y has mean m at most, whatever
both slices lose in common. Twice the power of a bet on x - y, which can reach 2. And each side's
growth is computed once, however many pairs it stands in (statistics rule 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live_offers import Offers
from release_assets.domain.live_streams import group_of
from release_assets.domain.live_wagers import Contribution, drop_contribution
from release_assets.domain.statistics.bets import DIFFERENCE, PROOF, Distinct, Grid
from release_assets.domain.statistics.blocks import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.live_margins import Bounds
    from release_assets.domain.live_scores import Sides
    from release_assets.domain.rollout_plan import Slo
    from release_assets.domain.statistics.bets import Array


def slice_contributions(
    slo: Slo, scorer: str, alone: Bounds, of_slices: Mapping[str, Sides]
) -> list[Contribution]:
    """Each slice against its own stable answers: what all slices lose alike is no gap."""
    head = (group_of(slo), scorer, "drop")
    return [
        one
        for value, sides in of_slices.items()
        for one in drop_contribution((*head, value), alone.tolerated, alone.margin, sides)
    ]


def gap_offers(slo: Slo, scorer: str, margin: float, of_slices: Mapping[str, Sides]) -> Offers:
    """Each ordered pair of slices; a side that is longer than the other is averaged in groups."""
    lost = {value: stable - candidate for value, (candidate, stable) in of_slices.items()}
    pairs, head = list(permutations(lost, 2)), (group_of(slo), scorer, "gap")
    sides, keys = _Pairs.of(lost, pairs), tuple((*head, *pair) for pair in pairs)
    return Offers(
        keys=keys,
        log_weights=np.tile(DIFFERENCE.log_weights, (len(keys), 1)),
        grown=sides.growth(slo.tolerated, DIFFERENCE),
        tallies=sides.tallies(),
        provable=keys,
        earned=sides.growth(margin, PROOF, sign=-1),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pairs:
    """The drops of slices, each in every number that a pair needs, and the two of each pair."""

    drops: Distinct
    worse: Sequence[int]
    better: Sequence[int]
    few: Sequence[int]

    @classmethod
    def of(cls, lost: Mapping[str, Array], pairs: Sequence[tuple[str, str]]) -> _Pairs:
        few = [min(len(lost[worse]), len(lost[better])) for worse, better in pairs]
        sized = [((a, n), (b, n)) for (a, b), n in zip(pairs, few, strict=True)]
        place = {side: at for at, side in enumerate(dict.fromkeys(s for two in sized for s in two))}
        return cls(
            drops=Distinct.of_groups([grouped(lost[value], n) for value, n in place]),
            worse=[place[one] for one, _ in sized],
            better=[place[other] for _, other in sized],
            few=few,
        )

    def growth(self, bound: float, grid: Grid, sign: int = 1) -> Array:
        """Of bets on a gap above `bound`, or below it with sign -1: one row a pair."""
        half, drops = sign * bound / 2, sign * self.drops.values
        bets = np.asarray(grid.fractions) / (1 + half)
        as_worse = self.drops.log_growth(drops - half, bets)
        as_better = self.drops.log_growth(-drops - half, bets)
        grown: Array = as_worse[self.worse] + as_better[self.better]
        return grown

    def tallies(self) -> Array:
        """The squares are those of two independent sides: nobody is in both slices of a pair."""
        n, values = np.asarray(self.few, dtype=np.float64), self.drops.values
        totals, squares = self.drops.total(values), self.drops.total(values**2)
        worse, better = totals[self.worse], totals[self.better]
        spread = squares[self.worse] + squares[self.better] - 2 * worse * better / n
        return np.stack([n, worse - better, spread, worse, better], axis=1)
