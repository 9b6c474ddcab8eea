"""Intervals for the reader, at 95 %; no decision is taken from them.

They hold at one look. What is decided is decided by the e-processes, which hold at all looks.
"""

from __future__ import annotations

import math

_Z = 1.959964


def of_rate(events: float, n: float) -> tuple[float, float] | None:
    """Return Wilson's score interval of a share, or None without observations."""
    if n <= 0:
        return None
    share, slack = events / n, _Z**2 / n
    middle = (share + slack / 2) / (1 + slack)
    wide = _Z * math.sqrt(share * (1 - share) / n + slack / (4 * n)) / (1 + slack)
    return max(0.0, middle - wide), min(1.0, middle + wide)


def of_difference(total: float, squares: float, n: float) -> tuple[float, float] | None:
    """Return the interval of a mean difference in [-1, 1], with a pseudo gain and a pseudo loss.

    Without them a stream of nothing but zeros would show an interval of no width.
    """
    if n <= 0:
        return None
    mean = total / (n + 2)
    wide = _Z * math.sqrt(max(0.0, (squares + 2) / (n + 2) - mean**2) / (n + 2))
    return max(-1.0, mean - wide), min(1.0, mean + wide)


def of_mean(total: float, squares: float, n: float) -> tuple[float, float] | None:
    """Return the interval of a mean without bounds; None with fewer than two observations."""
    if n < 2:
        return None
    mean = total / n
    wide = _Z * math.sqrt(max(0.0, squares / n - mean**2) / (n - 1))
    return mean - wide, mean + wide
