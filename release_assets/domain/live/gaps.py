"""Gaps between slices: how much more one slice loses than another, all ordered pairs at once.

The gap's limit is split over the two sides, which are bet on side by side in equal numbers:
(1 + b(x - m/2)) (1 - b(y + m/2)) has mean one at most whenever x - y has mean m at most, whatever
both slices lose in common. Twice the power of a bet on x - y, which can reach 2. And each side's
growth is computed once, however many pairs it stands in (statistics rule 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.offers import Offers
from release_assets.domain.statistics.bets import DIFFERENCE, PROOF, Distinct, Grid
from release_assets.domain.statistics.blocks import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.margins import Bounds
    from release_assets.domain.live.scores import Sides
    from release_assets.domain.rollout.slo import Slo
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.capital import Key, Seats


def slice_offers(
    slo: Slo, scorer: str, of_slices: Mapping[str, Sides], *, alone: Bounds, gap: Bounds
) -> Offers:
    """Each slice against its own stable answers, then each ordered pair of slices.

    What all slices lose alike is no gap. In a pair the longer side is averaged in groups.
    """
    slices = _Slices.of(of_slices)
    keys = _keys(slo.group, scorer, tuple(of_slices))
    return Offers(
        keys=keys,
        log_weights=np.tile(DIFFERENCE.log_weights, (len(keys), 1)),
        grown=slices.growth(alone.tolerated, gap.tolerated, DIFFERENCE),
        tallies=np.concatenate([_tallies(of_slices), slices.tallies()]),
        earned=slices.growth(alone.margin, gap.margin, PROOF, sign=-1),
    )


@lru_cache(maxsize=64)  # the same slices come look after look
def _keys(group: str, scorer: str, names: tuple[str, ...]) -> tuple[Key, ...]:
    drops = [(group, scorer, "drop", name) for name in names]
    gaps = [(group, scorer, "gap", *pair) for pair in permutations(names, 2)]
    return (*drops, *gaps)


def _tallies(of_slices: Mapping[str, Sides]) -> Array:
    """As `live_wagers.Contribution` has them: n, the drop and its square, candidate, stable."""
    sizes = np.asarray([len(candidate) for candidate, _ in of_slices.values()], dtype=np.intp)
    ours, theirs = (np.concatenate([s[arm] for s in of_slices.values()]) for arm in (0, 1))
    lost = theirs - ours
    columns = np.stack([np.ones(len(lost)), lost, lost**2, ours, theirs])
    tallies: Array = np.add.reduceat(columns, np.cumsum(sizes) - sizes, axis=1).T
    return tallies


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slices:
    """The drops of slices, each in every number that is compared; `alone` are all of each.

    `worse` and `better` are the two sides of each ordered pair, of `few` observations each.
    """

    drops: Distinct
    alone: Seats
    worse: Seats
    better: Seats
    few: Array

    @classmethod
    def of(cls, of_slices: Mapping[str, Sides]) -> _Slices:
        lost = [stable - candidate for candidate, stable in of_slices.values()]
        sizes = np.asarray([len(drops) for drops in lost], dtype=np.intp)
        worse, better = np.nonzero(~np.eye(len(lost), dtype=np.bool_))
        few, base = np.minimum(sizes[worse], sizes[better]), int(sizes.max(initial=0)) + 1
        every = np.arange(len(lost))
        # a slice and how many observations of it: one number each, computed once
        wanted = np.concatenate([every * base + sizes, worse * base + few, better * base + few])
        found, place = np.unique(wanted, return_inverse=True)
        groups = [grouped(lost[at // base], at % base) for at in found.tolist()]
        ends = [len(lost), len(lost) + len(few)]
        alone, one, other = np.split(place, ends)
        drops = Distinct.of_groups(groups)
        return cls(drops=drops, alone=alone, worse=one, better=other, few=few.astype(np.float64))

    def growth(self, alone: float, gap: float, grid: Grid, sign: int = 1) -> Array:
        """Of bets on drops above `alone` and gaps above `gap`, or below them with sign -1."""
        lost, fractions, half = sign * self.drops.values, np.asarray(grid.fractions), sign * gap / 2
        by_itself = self.drops.log_growth(lost - sign * alone, fractions / (1 + sign * alone))
        as_worse = self.drops.log_growth(lost - half, fractions / (1 + half))
        as_better = self.drops.log_growth(-lost - half, fractions / (1 + half))
        of_pairs = as_worse[self.worse] + as_better[self.better]
        return np.concatenate([by_itself[self.alone], of_pairs])

    def tallies(self) -> Array:
        """The squares are those of two independent sides: nobody is in both slices of a pair."""
        n, values = self.few, self.drops.values
        totals, squares = self.drops.total(values), self.drops.total(values**2)
        worse, better = totals[self.worse], totals[self.better]
        spread = squares[self.worse] + squares[self.better] - 2 * worse * better / n
        return np.stack([n, worse - better, spread, worse, better], axis=1)
