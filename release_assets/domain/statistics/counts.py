"""Counts as wagers: two integers a look (E5), a share of slow calls (E7), a share of events (E6).

A percentile is never estimated for a decision: p95 <= L says exactly that at most 5 % of calls
take longer than L, and calls over L can be counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.statistics.bets import PROOF, Wager, count_grid

if TYPE_CHECKING:
    from release_assets.domain.statistics.capital import Key

_LEAST = 1e-6  # a limit of zero would make the first event infinite evidence


def rate_wager(key: Key, events: int, n: int, limit: float) -> Wager:
    """On "the rate is above the limit" (E5)."""
    null = _inside(limit)
    gains, times = np.asarray([-null, 1 - null]), np.asarray([n - events, events], dtype=float)
    return Wager(key=key, gains=gains, reach=null, grid=count_grid(null), times=times)


def rate_proof_wager(key: Key, events: int, n: int, limit: float) -> Wager:
    """On "the rate is below the limit" (E5)."""
    null = _inside(limit)
    gains, times = np.asarray([null, null - 1]), np.asarray([n - events, events], dtype=float)
    return Wager(key=key, gains=gains, reach=1 - null, grid=PROOF, times=times)


def _inside(limit: float) -> float:
    return min(max(limit, _LEAST), 1 - _LEAST)


def share_beyond(aggregate: str) -> float:
    """The share of calls that may be slower than the limit: `p95` gives 0.05 (E7)."""
    return 1 - float(aggregate.removeprefix("p")) / 100


def clean_calls_to_prove(limit: float, alpha: float) -> int:
    """Calls without a single event that would prove the limit (E12)."""
    return int(np.ceil(np.log(alpha) / np.log1p(-min(limit, 0.5))))
