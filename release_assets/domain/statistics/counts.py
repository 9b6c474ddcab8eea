"""Counts as bets: two integers a look, or a share of slow calls (docs/methods.md, E5, E7).

A percentile is never estimated for a decision: p95 <= L says exactly that at most 5 % of calls
take longer than L, and calls over L can be counted.
"""

from __future__ import annotations

import numpy as np

from release_assets.domain.statistics.bets import Bet, count_grid

_LEAST = 1e-6  # a limit of zero would make the first event infinite evidence


def rate_bet(events: int, n: int, limit: float) -> Bet:
    """Bet on "the rate is above the limit"."""
    null = min(max(limit, _LEAST), 1 - _LEAST)
    gains, times = np.asarray([-null, 1 - null]), np.asarray([n - events, events], dtype=float)
    return Bet(gains=gains, bound=null, grid=count_grid(null), times=times)


def share_beyond(percentile: str) -> float:
    """Return the share of calls that may lie beyond a percentile: `p95` gives 0.05."""
    return 1 - float(percentile.removeprefix("p")) / 100


def clean_calls_to_prove(limit: float, alpha: float) -> int:
    """Return how many calls without a single event prove the limit (docs/methods.md, E12)."""
    return int(np.ceil(np.log(alpha) / np.log1p(-min(limit, 0.5))))
