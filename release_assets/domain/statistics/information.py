"""How much can be learnt from how many observations: the limits that no method can beat.

Those limits are of docs/methods.md, E3. The planner and the margins of early canary stages use
them, never a judgement of live data. The factors between the limits and our own engine are measured
(benchmarks/live_judgement).
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from release_assets.domain.statistics.bets import Array

DISCORDANCE = 0.04  # share of replayed requests whose score moves although nothing is worse
PROOF_ALPHA = 0.05
_MEDIAN, _P90 = 1.25, 2.2  # samples to a breach, in multiples of the limit
# Samples until both windows prove, in such multiples, for 80 and 90 % of harmless releases.
_ONE_STREAM = 1.6, 2.0
_ALL_GAPS = 3.8, 4.3  # every ordered pair of five slices at once


def best_growth(gains: Array, shares: Array, bound: float) -> float:
    """Return KL_inf, the growth per observation of the best constant bet."""
    bets = np.linspace(0.002, 0.998, 250) / bound
    return max(0.0, float((np.log1p(np.outer(bets, gains)) @ shares).max()))


def _replayed(drop: float) -> Array:
    """Return the shares of replayed pairs that the candidate won, drew and lost."""
    gained, lost = DISCORDANCE / 2, DISCORDANCE / 2 + drop
    return np.asarray([gained, 1 - gained - lost, lost])


_DIFFERENCES = np.asarray([-1.0, 0.0, 1.0])


def breach_growth(drop: float, tolerated: float) -> float:
    """Return the growth per replayed pair against "the drop is at most tolerated"."""
    return best_growth(_DIFFERENCES - tolerated, _replayed(drop), 1 + tolerated)


def rate_growth(rate: float, limit: float) -> float:
    """Return the growth per call against "the rate is at most the limit", a relative entropy."""
    miss = (1 - rate) * math.log((1 - rate) / (1 - limit)) if rate < 1 else 0.0
    return rate * math.log(rate / limit) + miss


def cost_growth(ratio: float) -> float:
    """Return the growth per call against "the mean cost is at most the limit".

    The mean is `ratio` limits, the costs are log-normal with a sigma of 1.
    """
    places = [NormalDist().inv_cdf((i + 0.5) / 400) for i in range(400)]
    costs = np.exp(np.asarray(places))
    return best_growth(costs / costs.mean() * ratio - 1, np.full(400, 1 / 400), 1.0)


def samples_to_breach(growth: float, alpha: float) -> tuple[float, float]:
    """Return median and 90 % samples until a breach is complete; infinite without growth."""
    if growth <= 0:
        return math.inf, math.inf
    limit = math.log(1 / alpha) / growth
    return _MEDIAN * limit, _P90 * limit


@cache
def samples_to_prove(margin: float, *, is_gap: bool = False) -> tuple[float, float]:
    """Return the pairs until 80 and 90 % of harmless releases are proven on both windows.

    For a gap, the pairs in each slice until all gaps are proven.
    """
    if margin <= 0:
        return math.inf, math.inf
    # A gap of two slices without any loss is bet on side by side, each for half of the margin.
    growth = 2 * _proof_growth(margin / 2) if is_gap else _proof_growth(margin)
    for_80, for_90 = _ALL_GAPS if is_gap else _ONE_STREAM
    windows = 2 * math.log(1 / PROOF_ALPHA) / growth if growth > 0 else math.inf
    return for_80 * windows, for_90 * windows


def _proof_growth(margin: float) -> float:
    return best_growth(margin - _DIFFERENCES, _replayed(0.0), 1 - margin)


@cache
def provable_margin(pairs: float, *, is_gap: bool = False) -> float:
    """Return the smallest margin that so many pairs prove for 80 % of harmless releases."""
    low, high = 0.001, 0.9
    if samples_to_prove(high, is_gap=is_gap)[0] > pairs:
        return high
    for _ in range(30):
        middle = (low + high) / 2
        proven = samples_to_prove(middle, is_gap=is_gap)[0] <= pairs
        low, high = (low, middle) if proven else (middle, high)
    return round(high, 4)
