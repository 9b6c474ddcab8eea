"""What others do with the same scored samples: windows, failure limits, rank tests, detectors.

Each takes scores (ramps x samples) and gives the look of its alarm, infinite where it stays
silent. All look every 20 samples.
"""

from __future__ import annotations

import numpy as np

from benchmarks.live_judgement.engine import LOOK, first_look, growth
from release_assets.domain.statistics.bets import LEVEL

LIMIT = 0.89  # a mean of .93 minus the limit of .04
NULL = 0.91  # minus what is tolerated


def window_means(scores, width):
    sums = np.cumsum(np.pad(scores, ((0, 0), (1, 0))), axis=1, dtype=float)
    ends = np.arange(LOOK, scores.shape[1] + 1, LOOK)
    starts = np.maximum(0, ends - width)
    means = (sums[:, ends] - sums[:, starts]) / (ends - starts)
    return np.where(ends >= width, means, 1.0)


def window(scores, width, threshold=LIMIT):
    return first_look(window_means(scores, width) < threshold)


def failures(scores, width, allowed, threshold=LIMIT):
    """Argo's failureLimit counts all failed measurements of a run; Flagger's threshold too."""
    failed = np.cumsum(window_means(scores, width) < threshold, axis=1)
    return first_look(failed > allowed)


def mann_whitney_z(candidate, stable):
    """Normal approximation with ties and continuity, on scores of few values, per look."""
    values = np.unique(np.concatenate([candidate[:20].ravel(), stable[:20].ravel()]))
    ends = np.arange(LOOK, candidate.shape[1] + 1, LOOK) - 1
    ours = [np.cumsum(candidate == v, axis=1)[:, ends].astype(float) for v in values]
    theirs = [np.cumsum(stable == v, axis=1)[:, ends].astype(float) for v in values]
    n = (ends + 1).astype(float)
    u, below = 0.0, 0.0
    for mine, other in zip(ours, theirs, strict=True):
        u = u + mine * (below + other / 2)  # pairs in which the candidate is better
        below = below + other
    ties = sum((a + b) ** 3 - (a + b) for a, b in zip(ours, theirs, strict=True))
    both = 2 * n
    variance = n * n / 12 * ((both + 1) - ties / (both * (both - 1)))
    z = (n * n / 2 - u - 0.5) / np.sqrt(np.maximum(variance, 1e-9))
    return np.where(variance > 1e-9, z, 0.0)


def mann_whitney(candidate, stable, z=2.326, stages=None):
    over = mann_whitney_z(candidate, stable) > z
    if stages is not None:
        only = np.zeros(over.shape[1], dtype=bool)
        only[np.cumsum(stages) // LOOK - 1] = True
        over = over & only
    return first_look(over)


def detector(scores, kind):
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


def from_the_start(scores):
    """A plain e-process: all capital at t0."""
    grown = growth(NULL - scores, np.asarray(LEVEL.fractions) / (1 - NULL))
    total = np.logaddexp.reduce(np.cumsum(grown, axis=1) + LEVEL.log_weights, axis=2)
    return first_look(total >= np.log(100))


def best_bet(reach, shares, values):
    """The bet, as a fraction of the largest, that earns most on gains of these shares."""
    fractions = np.linspace(0.002, 0.998, 500)
    return float(fractions[np.argmax(np.log1p(np.outer(fractions / reach, values)) @ shares)])


def oracle(gains, bet, onset=0):
    """One bet with all the capital, from the very sample where the drop began."""
    grown = growth(gains, np.asarray([bet]))[..., 0]
    grown[:, : onset // LOOK] = 0.0
    return first_look(np.cumsum(grown, axis=1) >= np.log(100))


def group_sequential_bounds(scores, looks=30, alpha=0.01):
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


def group_sequential(scores, bounds):
    looks = len(bounds)
    at = first_look(_group_z(scores, looks) >= bounds)
    return at * (scores.shape[1] / looks / LOOK)


def _group_z(scores, looks):
    ends = (np.arange(1, looks + 1) * scores.shape[1]) // looks
    sums = np.cumsum(scores, axis=1, dtype=float)[:, ends - 1]
    return (NULL * ends - sums) / np.sqrt(ends * NULL * (1 - NULL))


def calibrated(statistic, pfa=0.01):
    """The threshold that this statistic exceeds in a share `pfa` of harmless ramps."""
    return np.quantile(statistic.max(axis=1), 1 - pfa)
