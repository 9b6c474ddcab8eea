"""Paired clusters: is the candidate worse than the baseline, and could it be worse by a margin?

Differences are candidate minus baseline, summed over the cases of a cluster (a family of parallel
cases). Two questions, two instruments (docs/methods.md, E11): the sign-flip test for "it is worse",
exact when the candidate and the baseline are exchangeable within each cluster, and a cluster t
bound with one pseudo loss for "it is not worse than the margin", since a plain t bound promises
too much on small suites. No rule, no name and no unit is known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, comb, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from release_assets.domain.statistics.beta import student_quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Vector: TypeAlias = NDArray[np.float64]

_ENUMERATED_CLUSTERS = 12
_MOST_FLIPS, _FEWEST_FLIPS, _FLIPPED_SIGNS = 9_999, 1_999, 50_000_000
_LARGEST_LATTICE = 10_000
_FINEST_UNIT = 120
_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Clusters:
    """Differences by cluster: `sums` over its cases in [-size, size], and `sizes` in cases."""

    sums: tuple[float, ...]
    sizes: tuple[int, ...]

    @property
    def n(self) -> int:
        """How many cases."""
        return sum(self.sizes)

    @property
    def mean(self) -> float:
        """The mean difference per case; 0 without cases."""
        return sum(self.sums) / self.n if self.sizes else 0.0

    def mirrored(self) -> Clusters:
        """Return the same comparison seen from the other side."""
        return Clusters(sums=tuple(-s for s in self.sums), sizes=self.sizes)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignFlip:
    """The one-sided p of "worse"; `is_exact` unless it was estimated by seeded flips."""

    p: float
    is_exact: bool


def sign_flip(clusters: Clusters, *, seed: Sequence[int]) -> SignFlip:
    """Return the share of sign patterns of the cluster sums with a total as low as observed.

    Exact by convolution where the sums are multiples of a common unit (pass or fail, any repeats),
    by enumeration up to 12 clusters; otherwise 9,999 flips (1,999 of very many clusters) of a bit
    stream that `seed` fixes.
    """
    moved = np.array([s for s in clusters.sums if abs(s) > _TOLERANCE], dtype=np.float64)
    if not len(moved):
        return SignFlip(p=1.0, is_exact=True)
    units = _on_lattice(moved)
    if units is not None:
        return SignFlip(p=_lattice_p(units), is_exact=True)
    if len(moved) <= _ENUMERATED_CLUSTERS:
        return SignFlip(p=_enumerated_p(moved), is_exact=True)
    return SignFlip(p=_seeded_p(moved, seed), is_exact=False)


def _on_lattice(moved: Vector) -> NDArray[np.int64] | None:
    """Return the sums as whole multiples of a unit 1/k, or None where no small k fits."""
    for parts in range(1, _FINEST_UNIT + 1):
        scaled = moved * parts
        units = np.rint(scaled)
        if np.abs(units).sum() > _LARGEST_LATTICE:
            return None
        if np.abs(scaled - units).max() < _TOLERANCE * parts:
            return units.astype(np.int64)
    return None


def _lattice_p(units: NDArray[np.int64]) -> float:
    """Return P(W <= observed gains), W the sum of the magnitudes that drew a plus."""
    law: Vector = np.ones(1)
    for magnitude, count in zip(*np.unique(np.abs(units), return_counts=True), strict=True):
        law = np.convolve(law, _spread_binomial(int(magnitude), int(count)))
    gains = int(units[units > 0].sum())
    return min(1.0, float(law[: gains + 1].sum()))


def _spread_binomial(magnitude: int, count: int) -> Vector:
    """Return the law of `magnitude` times a fair binomial of `count`."""
    law: Vector = np.zeros(magnitude * count + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))
    logs = factorials[-1] - factorials - factorials[::-1] - count * log(2)
    law[::magnitude] = np.exp(logs) if count > _ENUMERATED_CLUSTERS else _choices(count)
    return law


def _choices(count: int) -> list[float]:
    return [comb(count, pluses) / 2**count for pluses in range(count + 1)]


def _enumerated_p(moved: Vector) -> float:
    signs = np.array(list(product((-1.0, 1.0), repeat=len(moved))))
    return float(np.mean(signs @ np.abs(moved) <= moved.sum() + _TOLERANCE))


def _seeded_p(moved: Vector, seed: Sequence[int]) -> float:
    """Estimate p by flips from raw bits of PCG64.

    They are the same in every version of numpy; its distributions are not. A byte of bits picks
    the signs of eight sums at once, their 256 totals looked up in a table.
    """
    eights = -(-len(moved) // 8)
    magnitudes = np.zeros(eights * 8)
    magnitudes[: len(moved)] = np.abs(moved)
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float64)
    table = bits @ magnitudes.reshape(eights, 8).T
    flips = min(_MOST_FLIPS, max(_FEWEST_FLIPS, _FLIPPED_SIGNS // len(moved)))
    gains = float(moved[moved > 0].sum()) + _TOLERANCE
    picked = _bytes(flips, eights, seed)
    as_low = sum(int(np.sum(_totals(table, rows) <= gains)) for rows in picked)
    return (as_low + 1) / (flips + 1)


def _totals(table: Vector, picked: NDArray[np.uint8]) -> Vector:
    total: Vector = table[picked, np.arange(picked.shape[1])].sum(axis=1)
    return total


def _bytes(flips: int, eights: int, seed: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """Yield `flips` rows of `eights` random bytes, a few hundred rows at a time."""
    source: Any = np.random.PCG64(np.random.SeedSequence(list(seed)))
    words = -(-eights // 8)
    for start in range(0, flips, 250):
        rows = min(250, flips - start)
        raw = source.random_raw(rows * words).astype("<u8").view(np.uint8)
        yield raw.reshape(rows, words * 8)[:, :eights]


def lower_bound(clusters: Clusters, *, alpha: float) -> float:
    """Return the one-sided cluster t bound of the mean difference, one pseudo loss added."""
    mean, error = _with_pseudo_loss(clusters)
    if len(clusters.sums) < 2:
        return -1.0
    return max(-1.0, mean - student_quantile(len(clusters.sums) - 1, alpha) * error)


def interval(clusters: Clusters, *, alpha: float) -> tuple[float, float]:
    """Return both one-sided bounds, each at `alpha`; swapping the sides mirrors it exactly."""
    return lower_bound(clusters, alpha=alpha), -lower_bound(clusters.mirrored(), alpha=alpha)


def _with_pseudo_loss(clusters: Clusters) -> tuple[float, float]:
    sums, sizes = np.array(clusters.sums), np.array(clusters.sizes)
    n, count = clusters.n, len(sums)
    mean = (sums.sum() - 1) / (n + 1)
    squares = ((sums - sizes * mean) ** 2).sum() + (1 + mean) ** 2
    return float(mean), sqrt(squares * (count + 1) / max(count, 1)) / (n + 1)


def needed_cases(
    clusters: Clusters, *, margin: float, alpha: float, power: float = 0.8
) -> int | None:
    """Return how many such cases prove the margin if the drop stays (docs/methods.md, E12).

    None when the observed drop is the margin or more: then no number of cases would.
    """
    room = margin + min(0.0, clusters.mean)
    if room <= _TOLERANCE:
        return None
    variance = _with_pseudo_loss(clusters)[1] ** 2 * (clusters.n + 1)
    normal = NormalDist()
    planned = (normal.inv_cdf(1 - alpha) + normal.inv_cdf(power)) ** 2 * variance / room**2
    return max(ceil(planned), fewest_cases(margin=margin, alpha=alpha))


def fewest_cases(*, margin: float, alpha: float) -> int:
    """Return the cases that prove a margin without a single loss (docs/methods.md, E12)."""
    return ceil(log(alpha) / log(1 - margin))


def holm(p_values: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's weighted step-down p-values; each is compared with the family's level."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i] / weights[i])
    adjusted, left, so_far = [0.0] * len(p_values), sum(weights), 0.0
    for i in order:
        so_far = max(so_far, min(1.0, p_values[i] / weights[i] * left))
        adjusted[i], left = so_far, left - weights[i]
    return tuple(adjusted)


def seed_of(digest: str) -> int:
    """Return the first 64 bits of a release digest, by which its chance is seeded."""
    return int(digest.rpartition(":")[2][:16], 16)
