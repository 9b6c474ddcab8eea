"""Seeded live traffic: score families, harm over time, and what disturbs honest comparison.

Every function returns one row a ramp and one column a scored candidate sample (or unit).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from benchmarks.live_judgement.measures import Array

Shape: TypeAlias = tuple[int, ...]
Family: TypeAlias = Callable[[Generator, "float | Array", Shape], Array]
SAMPLES = 3740  # the ramp of RAMP, in whole looks


def harm(
    drop: float, samples: int = SAMPLES, *, onset: int = 0, ramp: int = 0, until: int = 0
) -> Array:
    """The drop over time: abrupt, growing over `ramp` samples, or transient until a sample."""
    t = np.arange(samples)
    level = np.clip((t - onset) / ramp, 0, 1) if ramp else (t >= onset).astype(float)
    if until:
        level = level * (t < until)
    return drop * level


def binary(rng: Generator, p: float | Array, shape: Shape) -> Array:
    return (rng.random(shape) < p).astype(np.float64)


def skewed(rng: Generator, shift: float | Array, shape: Shape) -> Array:
    """70 % at one, else Beta(3, 1.2): mean .914; harm turns answers into hallucinations (zero)."""
    scores = np.where(rng.random(shape) < 0.7, 1.0, rng.beta(3, 1.2, shape))
    return np.where(rng.random(shape) < shift / 0.914, 0.0, scores)


def hard(rng: Generator, shift: float | Array, shape: Shape) -> Array:
    """Beta(5, .47): mean .914, spread over the whole range."""
    scores = rng.beta(5, 0.47, shape)
    return np.clip(scores - shift * (scores > shift), 0, 1)


def rubric(rng: Generator, shift: float | Array, shape: Shape) -> Array:
    """Five levels, 0 to 1; harm moves answers one level down."""
    scores = rng.choice([0, 0.25, 0.5, 0.75, 1.0], p=[0.02, 0.03, 0.05, 0.2, 0.7], size=shape)
    down = rng.random(shape) < np.minimum(1.0, 4 * shift)
    levels: Array = np.maximum(0.0, scores - 0.25 * down)
    return levels


def family(name: str) -> Family:
    def of_binary(p: float) -> Family:
        return lambda rng, shift, shape: binary(rng, p - shift, shape)

    return {
        "binary .93": of_binary(0.93),
        "binary .99": of_binary(0.99),
        "skew .914": skewed,
        "hard .914": hard,
        "rubric": rubric,
    }[name]


def two_arms(
    rng: Generator, name: str, drops: Array, ramps: int, k: int = 1
) -> tuple[Array, Array, Array]:
    """Blocks of one candidate and k stable scores."""
    draw, shape = family(name), (ramps, len(drops))
    candidate = draw(rng, drops, shape)
    stable = np.mean([draw(rng, 0.0, shape) for _ in range(k)], axis=0)
    return np.round(stable - candidate, 6), candidate, stable


def replayed(rng: Generator, drops: Array, ramps: int, discordance: float = 0.04) -> Array:
    """The same request in both arms: lost with drop + d/2, won with d/2."""
    u = rng.random((ramps, len(drops)))
    lost = u < drops + discordance / 2
    won = ~lost & (u < drops + discordance)
    return lost.astype(np.float64) - won


def day_night(samples: int = SAMPLES, points: float = 0.05, period: int = 1250) -> Array:
    return points * np.sin(2 * np.pi * np.arange(samples) / period)


def ar1(
    rng: Generator, ramps: int, samples: int = SAMPLES, phi: float = 0.99, sd: float = 0.025
) -> Array:
    noise = rng.normal(0, sd * np.sqrt(1 - phi**2), (ramps, samples))
    out = np.empty_like(noise)
    out[:, 0] = rng.normal(0, sd, ramps)
    for t in range(1, samples):
        out[:, t] = phi * out[:, t - 1] + noise[:, t]
    return out


def sessions(rng: Generator, ramps: int, units: int, p: float, icc: float, calls: int = 5) -> Array:
    """Session means of binary calls that are alike: beta-binomial with this intra-class ICC."""
    size = (1 - icc) / icc
    level = rng.beta(p * size, (1 - p) * size, (ramps, units))
    return rng.binomial(calls, level) / calls
