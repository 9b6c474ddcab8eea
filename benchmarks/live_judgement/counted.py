"""Errors, slow calls, ratings and costs: samples to a breach, and false rollbacks at the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement import engine
from benchmarks.live_judgement.measures import Array, quantiles, share
from release_assets.domain.statistics import bets

if TYPE_CHECKING:
    from benchmarks.live_judgement.run import Run


def count_looks(run: Run, rate: float, limit: float, n: int, look: int = 20) -> Array:
    """Requests until a breach of one counted SLO that is alone in its plan."""
    rng = run.rng()
    p = np.full(n // look, rate)
    events = rng.binomial(look, p, (run.ramps, n // look)).astype(float)
    grid = bets.count_grid(limit)
    fractions = np.asarray(grid.fractions) / limit
    grown = events[..., None] * np.log1p(fractions * (1 - limit)) + (look - events)[
        ..., None
    ] * np.log1p(-fractions * limit)
    own = engine.RampStream(growth=grown, log_weights=grid.log_weights, share=1.0)
    released = np.zeros(n // look)
    released[0] = 0.5
    released += 0.1 / len(released)
    return engine.breach_looks([own], released) * look


def counts_table(run: Run) -> None:
    rows = [
        ("errors .01", 0.01, (0.004, 0.008, 0.01), (0.015, 0.02, 0.05, 0.2)),
        ("p95 as exceedance .05", 0.05, (0.04, 0.05), (0.06, 0.08, 0.1, 0.2)),
        ("negative ratings .05", 0.05, (0.03, 0.05), (0.1, 0.2)),
    ]
    for name, limit, fine, harmful in rows:
        for rate in fine:
            at = count_looks(run, rate, limit, 12_000)
            found = run.false_rollbacks(f"{name} at {rate}", at, 0.01)
            run.add("counts", metric=name, rate=rate, false=found)
        for rate in harmful:
            at = count_looks(run, rate, limit, 24_000)
            median, p90, error = quantiles(at)
            entropy = rate * np.log(rate / limit) + (1 - rate) * np.log((1 - rate) / (1 - limit))
            run.add(
                "counts",
                metric=name,
                rate=rate,
                median=median,
                error=error,
                p90=p90,
                of_limit=median and median / (np.log(100) / entropy),
            )
            promised = {("errors .01", 0.02): 1450, ("p95 as exceedance .05", 0.1): 290}
            if (name, rate) in promised:
                run.delay_bar(f"{name} at {rate}", at, promised[name, rate])
    delayed_feedback(run)
    costs(run)


def delayed_feedback(run: Run) -> None:
    """Angry users rate at once, happy ones later: counted on arrival against when matured."""
    rng, looks, per = run.rng(), 400, 20
    negative = rng.binomial(per, 0.03, (run.ramps, looks)).astype(np.float64)
    happy = per - negative
    late = np.zeros_like(happy)
    late[:, 6:] = happy[:, :-6]  # positive ratings arrive six looks after negative ones
    grid = bets.count_grid(0.05)
    fractions = np.asarray(grid.fractions) / 0.05
    for name, good in (("matured", happy), ("on arrival", late)):
        grown = negative[..., None] * np.log1p(fractions * 0.95)
        grown = grown + good[..., None] * np.log1p(-fractions * 0.05)
        own = engine.RampStream(growth=grown, log_weights=grid.log_weights, share=1.0)
        released = np.full(looks, 0.1 / looks)
        released[0] += 0.5
        crossed = engine.breach_looks([own], released)
        found = share(np.isfinite(crossed))
        if name == "matured":
            found = run.false_rollbacks("ratings at .03, matured", crossed, 0.01)
        run.add("counts", metric=f"negative ratings, {name}", rate=0.03, false=found)


def costs(run: Run) -> None:
    limit, n, look = 0.014, 6_000, 5
    for mean in (0.012, 0.014, 0.016, 0.018, 0.021):
        ramps = run.ramps if mean <= 0.014 else min(run.ramps, 600)
        rng = run.rng()
        drawn = rng.lognormal(np.log(mean) - 0.5, 1.0, (ramps, n)).astype(np.float32)
        own = engine.ramp_stream(drawn - limit, bound=limit, grid=bets.LEVEL, share=1.0, look=look)
        released = np.full(n // look, 0.1 / (n // look))
        released[0] += 0.5
        at = engine.breach_looks([own], released) * look
        name = "cost .014, log-normal"
        if mean <= limit:
            found = run.false_rollbacks(f"{name} at {mean}", at, 0.01)
            run.add("counts", metric=name, rate=mean, false=found)
            continue
        median, p90, error = quantiles(at)
        run.add("counts", metric=name, rate=mean, median=median, error=error, p90=p90)
        if mean == 0.018:
            run.delay_bar(f"{name} at {mean}", at, 265)
