"""Shares with their Monte-Carlo error, delays with quantiles, bars with a verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from release_assets.domain.statistics.intervals import of_rate

Array: TypeAlias = NDArray[np.float64]
Floats: TypeAlias = NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Row: TypeAlias = dict[str, Any]  # one row of a table: numbers, shares, words


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of ramps, with Wilson's interval at 95 %."""

    share: float
    low: float
    high: float
    ramps: int

    @property
    def text(self) -> str:
        return f"{self.share:.4f} ({self.low:.4f}-{self.high:.4f})"


def share(happened: ArrayLike) -> Share:
    ramps = np.asarray(happened)
    low, high = of_rate(float(ramps.sum()), float(len(ramps))) or (0.0, 1.0)
    return Share(share=float(ramps.mean()), low=low, high=high, ramps=len(ramps))


def three_sigma(alpha: float, ramps: int) -> float:
    """A share of alpha may look this large by chance."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / ramps)


def quantiles(samples: ArrayLike) -> tuple[float | None, float | None, float | None]:
    """Median and 90 %, and the median's standard error by order statistics; None: never."""
    ordered = np.sort(np.asarray(samples, dtype=float))
    n = len(ordered)
    low, high = (ordered[int(max(0, min(n - 1, n / 2 + d * math.sqrt(n) / 2)))] for d in (-1, 1))
    median, p90 = ordered[n // 2], ordered[int(n * 0.9)]
    error = (high - low) / 2 if math.isfinite(high) else math.inf
    return _number(median), _number(p90), _number(error)


def delay(samples: ArrayLike) -> dict[str, float | None]:
    """Return the cells of a table that show when alarms came."""
    median, p90, error = quantiles(samples)
    return {"median": median, "error": error, "p90": p90}


def _number(x: float) -> float | None:
    return None if not math.isfinite(x) else float(x)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What was promised, what was measured, its error, and whether the promise is kept."""

    name: str
    promised: float
    measured: float | None
    error: float | None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        if self.at_least:
            return self.measured >= self.promised
        return self.measured <= self.promised

    def document(self) -> Row:
        return asdict(self) | {"met": self.is_met}


def markdown(rows: list[Row], columns: list[str]) -> str:
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    body = [f"| {' | '.join(_cell(row.get(c)) for c in columns)} |" for row in rows]
    return "\n".join([head, *body])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Share):
        return value.text
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 10 else f"{value:.3g}"
    return str(value)
