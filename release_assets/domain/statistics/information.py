"""How much can be learnt from how many observations: the limits no method can beat (E3).

Used by the planner and by the margins of early canary stages, never on live data.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

DISCORDANCE = 0.04  # share of replayed requests whose score moves although nothing is worse
PROOF_ALPHA = 0.05
SAFETY_80 = 2.0  # samples for 80 % of harmless releases, in multiples of the limit (measured)
SAFETY_90 = 2.5


def growth(values: tuple[float, ...], shares: tuple[float, ...], reach: float) -> float:
    """KL_inf: the best growth per observation of any constant bet on these gains (E3)."""
    bets = np.linspace(0.002, 0.998, 250) / reach
    logs = np.log1p(np.outer(bets, np.asarray(values)))
    return max(0.0, float((logs @ np.asarray(shares)).max()))


def proof_growth(margin: float, drop: float = 0.0) -> float:
    """Per replayed pair, for "the drop is under the margin", when the drop is `drop`."""
    lost, gained = DISCORDANCE / 2 + drop, DISCORDANCE / 2
    gains = (margin - 1, margin, margin + 1)
    return growth(gains, (lost, 1 - lost - gained, gained), 1 - margin)


def pairs_to_prove(margin: float, *, safety: float = SAFETY_80) -> float:
    """Replayed pairs in a whole canary stage until both of its windows prove the margin."""
    rate = proof_growth(margin)
    return 2 * safety * math.log(1 / PROOF_ALPHA) / rate if rate > 0 else math.inf


@cache
def provable_margin(pairs: float) -> float:
    """The smallest margin that so many replayed pairs prove for 80 % of harmless releases."""
    low, high = 0.001, 0.9
    if pairs_to_prove(high) > pairs:
        return high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if pairs_to_prove(middle) <= pairs else (middle, high)
    return round(high, 4)
