"""A quantile or a mean of paired calls, and how far it strays when the pairs are drawn again.

The bootstrap draws whole pairs, so what slowed both sides of a pair slows both again. Draws come
from raw PCG64 words, which are the same in every version of numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Samples: TypeAlias = NDArray[np.float64]
_RESAMPLES = 1_999


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedMetric:
    """One metric of both sides, observed and resampled pair by pair."""

    calls: int
    candidate: float
    baseline: float
    candidate_again: Samples
    baseline_again: Samples

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return both one-sided bounds of the candidate's value."""
        low, high = np.quantile(self.candidate_again, [alpha, 1 - alpha])
        return float(low), float(high)

    def noise(self, alpha: float) -> float:
        """Return how far the baseline's own value strays, to its farther side."""
        low, high = np.quantile(self.baseline_again, [alpha, 1 - alpha])
        return float(max(high - self.baseline, self.baseline - low))

    def excess_bound(self, ratio: float, alpha: float) -> float:
        """Return the lower bound of candidate minus `ratio` times baseline."""
        return float(np.quantile(self.candidate_again - ratio * self.baseline_again, alpha))


def paired_metric(
    candidate: Sequence[float], baseline: Sequence[float], *, quantile: float | None, seed: int
) -> PairedMetric:
    """Resample a quantile of both sides, or the mean where `quantile` is None."""
    ours, theirs = np.array(candidate), np.array(baseline)
    draws = _draws(len(ours), seed)
    return PairedMetric(
        calls=len(ours),
        candidate=float(_value(ours[None, :], quantile)[0]),
        baseline=float(_value(theirs[None, :], quantile)[0]),
        candidate_again=_value(ours[draws], quantile),
        baseline_again=_value(theirs[draws], quantile),
    )


def _draws(calls: int, seed: int) -> NDArray[np.int64]:
    source: Any = np.random.PCG64(np.random.SeedSequence([seed, calls]))
    raw = source.random_raw(_RESAMPLES * calls) % np.uint64(calls)
    draws: NDArray[np.int64] = raw.astype(np.int64).reshape(_RESAMPLES, calls)
    return draws


def _value(calls: Samples, quantile: float | None) -> Samples:
    if quantile is None:
        return np.asarray(calls.mean(axis=1))
    return np.asarray(np.quantile(calls, quantile, axis=1))
