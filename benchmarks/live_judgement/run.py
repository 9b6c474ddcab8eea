"""One benchmark run: a seed, a number of ramps, the tables it fills and the bars it checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement import contestants, engine, scenarios
from benchmarks.live_judgement.engine import DRIFT, KNOWN, LOOK, RAMP, RampStream
from benchmarks.live_judgement.measures import (
    Array,
    Bar,
    Row,
    Share,
    quantiles,
    share,
    three_sigma,
)
from benchmarks.live_judgement.scenarios import SAMPLES
from release_assets.domain.live.state import ALPHA
from release_assets.domain.live.streams import shares_of
from release_assets.domain.statistics.bets import Grid
from release_assets.domain.statistics.information import best_growth

if TYPE_CHECKING:
    from numpy.random import Generator


class Run:
    """One benchmark: a seed, a number of ramps, and the tables it fills."""

    def __init__(self, ramps: int, seed: int) -> None:
        self.ramps, self.seed, self.count = ramps, seed, 0
        self.tables: dict[str, list[Row]] = {}
        self.bars: list[Bar] = []
        self.known = engine.plan_of(KNOWN, RAMP)
        self.drift = engine.plan_of(DRIFT, RAMP)
        self.released = engine.schedule(self.drift, SAMPLES // LOOK)

    def rng(self) -> Generator:
        self.count += 1
        return np.random.default_rng([self.seed, self.count])

    def add(self, table: str, **row: object) -> None:
        self.tables.setdefault(table, []).append(row)

    def false_rollbacks(self, name: str, crossed: Array, promised: float) -> Share:
        found = share(np.isfinite(crossed))
        allowed = three_sigma(promised, found.ramps)
        self.bars.append(
            Bar(
                name=f"false rollback, {name}",
                promised=allowed,
                measured=found.share,
                error=(found.high - found.low) / 4,
            )
        )
        return found

    def delay_bar(self, name: str, samples: Array, median: float, p90: float | None = None) -> None:
        mid, late, error = quantiles(samples)
        self.bars.append(Bar(name=f"{name}: median", promised=median, measured=mid, error=error))
        if p90 is not None:
            bar = Bar(name=f"{name}: p90", promised=p90, measured=late, error=2 * (error or 0))
            self.bars.append(bar)

    def known_looks(self, scores: Array, alpha: float = ALPHA) -> Array:
        streams = engine.level_streams(self.known, scores)
        return engine.breach_looks(streams, self.released[: scores.shape[1] // LOOK], alpha)

    def drift_looks(self, drops: Array, lacks: Array | None = None) -> Array:
        streams = engine.drift_streams(self.drift, drops, lacks)
        return engine.breach_looks(streams, self.released[: drops.shape[1] // LOOK])

    def streams_of(self, data: str, drawn: Array, look: int = LOOK) -> list[RampStream]:
        if data == "known baseline":
            return engine.level_streams(self.known, drawn, look)
        return engine.drift_streams(self.drift, drawn, look=look)

    def draw(self, data: str, drops: Array) -> Array:
        """Gains of a kind of data: (looks of our alarm, scored calls a sample, limit, oracle)."""
        rng, ramps = self.rng(), self.ramps
        if data == "known baseline":
            return scenarios.binary(rng, 0.93 - drops, (ramps, len(drops)))
        if data.startswith("replay"):
            return scenarios.replayed(rng, drops, ramps, float(data.rsplit(maxsplit=1)[-1]))
        _, name, k = data.split("/")
        return scenarios.two_arms(rng, name, drops, ramps, int(k))[0]

    def ours(self, data: str, drops: Array) -> tuple[Array, Array]:
        drawn = self.draw(data, drops)
        released = self.released[: drawn.shape[1] // LOOK]
        return engine.breach_looks(self.streams_of(data, drawn), released), drawn

    def limits(self, data: str, drawn: Array, onset: int) -> tuple[float, Array, Array]:
        """What bounds any judge, in samples: log(1/alpha)/KL_inf, and two delays.

        Both are those of the one bet that is best for exactly this drop: with all wealth from
        its first sample, and with the wealth as it is released to us.
        """
        null, bound = (0.91, 0.09) if data == "known baseline" else (0.02, 1.02)
        gains = null - drawn if data == "known baseline" else drawn - null
        values, seen = np.unique(gains[:, onset:], return_counts=True)
        counts = seen.astype(np.float64)
        if len(values) > 200:
            values = np.quantile(gains[:, onset:], (np.arange(400) + 0.5) / 400)
            counts = np.ones(400)
        shares = counts / counts.sum()
        limit = np.log(100) / best_growth(values, shares, bound)
        best = contestants.best_bet(bound, shares, values)
        oracle = contestants.oracle(gains, best / bound, onset)
        plan, slo = (self.known, KNOWN) if data == "known baseline" else (self.drift, DRIFT)
        grid, share = Grid(fractions=(best,), weights=(1.0,)), shares_of(plan)[slo.group]
        alone = engine.ramp_stream(gains, bound=bound, grid=grid, share=share)
        handed = engine.breach_looks([alone], self.released[: drawn.shape[1] // LOOK])
        return limit, oracle * LOOK - onset, handed * LOOK
