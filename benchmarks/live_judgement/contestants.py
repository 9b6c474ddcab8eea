"""What others do with the same scored samples: windows, failure limits, rank tests, detectors.

Each takes scores (ramps x samples) and gives the look of its alarm, infinite where it stays
silent. All look every 20 samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement.engine import LOOK, first_look, growth
from release_assets.domain.statistics.bets import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.live_judgement.measures import Array

LIMIT = 0.89  # a mean of .93 minus the limit of .04
NULL = 0.91  # minus what is tolerated


def window_means(scores: Array, width: int) -> Array:
    sums = np.cumsum(np.pad(scores, ((0, 0), (1, 0))), axis=1, dtype=float)
    ends = np.arange(LOOK, scores.shape[1] + 1, LOOK)
    starts = np.maximum(0, ends - width)
    means = (sums[:, ends] - sums[:, starts]) / (ends - starts)
    return np.where(ends >= width, means, 1.0)


def window(scores: Array, width: int, threshold: float = LIMIT) -> Array:
    return first_look(window_means(scores, width) < threshold)


def failures(scores: Array, width: int, allowed: int, threshold: float = LIMIT) -> Array:
    """Argo's failureLimit counts all failed measurements of a run; Flagger's threshold too."""
    failed = np.cumsum(window_means(scores, width) < threshold, axis=1)
    return first_look(failed > allowed)


def mann_whitney_z(candidate: Array, stable: Array) -> Array:
    """Normal approximation with ties and continuity, on scores of few values, per look."""
    values = np.unique(np.concatenate([candidate[:20].ravel(), stable[:20].ravel()]))
    ends = np.arange(LOOK, candidate.shape[1] + 1, LOOK) - 1
    ours = [np.cumsum(candidate == v, axis=1)[:, ends].astype(float) for v in values]
    theirs = [np.cumsum(stable == v, axis=1)[:, ends].astype(float) for v in values]
    n = (ends + 1).astype(float)
    u, below = np.zeros_like(ours[0]), np.zeros_like(ours[0])
    for mine, other in zip(ours, theirs, strict=True):
        u = u + mine * (below + other / 2)  # pairs in which the candidate is better
        below = below + other
    ties = sum((a + b) ** 3 - (a + b) for a, b in zip(ours, theirs, strict=True))
    both = 2 * n
    variance = n * n / 12 * ((both + 1) - ties / (both * (both - 1)))
    z = (n * n / 2 - u - 0.5) / np.sqrt(np.maximum(variance, 1e-9))
    return np.where(variance > 1e-9, z, 0.0)


def mann_whitney(
    candidate: Array, stable: Array, z: float = 2.326, stages: Sequence[int] | None = None
) -> Array:
    over = mann_whitney_z(candidate, stable) > z
    if stages is not None:
        only = np.zeros(over.shape[1], dtype=bool)
        only[np.cumsum(stages) // LOOK - 1] = True
        over = over & only
    return first_look(over)


def detector(scores: Array, kind: str) -> Array:
    """Log statistic per look: e-SR and e-CUSUM on the same twelve bets, a start at each look."""
    bets = np.asarray(LEVEL.fractions) / (1 - NULL)
    grown = growth(NULL - scores, bets)
    held = np.full((len(scores), len(bets)), -np.inf)
    out = np.empty(grown.shape[:2])
    for at in range(grown.shape[1]):
        start = np.logaddexp(held, 0.0) if kind == "sr" else np.maximum(held, 0.0)
        held = start + grown[:, at]
        out[:, at] = np.logaddexp.reduce(held + LEVEL.log_weights, axis=1)
    return out


def from_the_start(scores: Array) -> Array:
    """A plain e-process: all wealth at t0."""
    grown = growth(NULL - scores, np.asarray(LEVEL.fractions) / (1 - NULL))
    total = np.logaddexp.reduce(np.cumsum(grown, axis=1) + LEVEL.log_weights, axis=2)
    return first_look(total >= np.log(100))


def best_bet(bound: float, shares: Array, values: Array) -> float:
    """The bet, as a fraction of the largest, that earns most on gains of these shares."""
    fractions = np.linspace(0.002, 0.998, 500)
    return float(fractions[np.argmax(np.log1p(np.outer(fractions / bound, values)) @ shares)])


def oracle(gains: Array, bet: float, onset: int = 0) -> Array:
    """One bet with all the wealth, from the very sample where the drop began."""
    grown = growth(gains, np.asarray([bet]))[..., 0]
    grown[:, : onset // LOOK] = 0.0
    return first_look(np.cumsum(grown, axis=1) >= np.log(100))


def group_sequential_bounds(scores: Array, looks: int = 30, alpha: float = 0.01) -> Array:
    """Linear spending over 30 looks; the variance and the horizon are known to it."""
    z = _group_z(scores, looks)
    alive, bounds = np.ones(len(z), dtype=bool), []
    for j in range(looks):
        budget = round(alpha * (j + 1) / looks * len(z)) - int((~alive).sum())
        inside = np.sort(z[alive, j])
        bound = inside[-budget] if budget > 0 else np.inf
        bounds.append(bound)
        alive &= z[:, j] < bound
    return np.asarray(bounds)


def group_sequential(scores: Array, bounds: Array) -> Array:
    looks = len(bounds)
    at = first_look(_group_z(scores, looks) >= bounds)
    stretched: Array = at * (scores.shape[1] / looks / LOOK)
    return stretched


def _group_z(scores: Array, looks: int) -> Array:
    ends = (np.arange(1, looks + 1) * scores.shape[1]) // looks
    sums = np.cumsum(scores, axis=1, dtype=float)[:, ends - 1]
    z: Array = (NULL * ends - sums) / np.sqrt(ends * NULL * (1 - NULL))
    return z


def calibrated(statistic: Array, pfa: float = 0.01) -> float:
    """The threshold that this statistic exceeds in a share `pfa` of harmless ramps."""
    return float(np.quantile(statistic.max(axis=1), 1 - pfa))
