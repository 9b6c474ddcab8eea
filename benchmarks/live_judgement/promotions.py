"""The whole policy, fairness, and what the planner forecast: through the product's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement import checks, engine, scenarios
from benchmarks.live_judgement.engine import DRIFT, LOOK, POLICY
from benchmarks.live_judgement.measures import (
    Array,
    Bar,
    Ints,
    Share,
    quantiles,
    share,
    three_sigma,
)
from release_assets.domain.planning.forecast import forecasts
from release_assets.domain.planning.traffic import PlanTraffic

if TYPE_CHECKING:
    from numpy.random import Generator

    from benchmarks.live_judgement.run import Run


def promotions_table(run: Run) -> None:
    plan = engine.plan_of(DRIFT, POLICY)
    longest = 2 * sum(POLICY[:-1])
    cases = [(0.0, 0), (0.01, 0), (0.02, 0), (0.04, 0), (0.05, 0), (0.08, 0), (0.05, 1400)]
    for data in ("replay 0.04", "replay 0.00", "arms/binary .93/1"):
        for drop, onset in (*cases, (0.08, 1400)):
            drawn = run.draw(data, scenarios.harm(drop, longest, onset=onset))
            ends = engine.policy(plan, drawn)
            promoted = share(ends.promoted)
            median, *_ = quantiles(ends.samples)
            run.add(
                "promotions",
                data=data,
                drop=drop,
                onset=onset,
                rolled_back=share(ends.rolled_back),
                held=share(ends.held),
                promoted=promoted,
                median_samples=median,
            )
            promotion_bars(run, data, drop, onset, promoted)


def promotion_bars(run: Run, data: str, drop: float, onset: int, promoted: Share) -> None:
    error = (promoted.high - promoted.low) / 4
    name = f"promoted, {data}, drop {drop} from {onset}"
    if drop >= 0.04:
        allowed = three_sigma(0.002, promoted.ramps)
        run.bars.append(Bar(name=name, promised=allowed, measured=promoted.share, error=error))
    if drop == 0.0 and onset == 0:
        run.bars.append(
            Bar(name=name, promised=0.97, measured=promoted.share, error=error, at_least=True)
        )


MISSING = 0.02


def missing_table(run: Run) -> None:
    """Candidate answers that cannot be scored, at random or when they are bad, in replays.

    Through the product's own looks: a missing score narrows the margin to prove and feeds a
    stream of its own. "left out" is what happens when no one counts what is missing.
    """
    plan, longest = engine.plan_of(DRIFT, POLICY), 2 * sum(POLICY[:-1])
    ramps = max(20, run.ramps // 20)
    for drop, when in ((0.0, "both arms"), (0.0, "bad"), (0.05, "bad"), (0.08, "bad")):
        rng = run.rng()
        drops = scenarios.replayed(rng, scenarios.harm(drop, longest), ramps)
        lost = missing(rng, drops, when)
        for counted in (True, False):
            pairs = zip(drops, lost, strict=True)
            ends = [checks.product_end(plan, d, m, counted=counted)[0] for d, m in pairs]
            cells = {e: share(np.asarray(ends) == e) for e in ("breach", "held", "promoted")}
            treated = "counted" if counted else "left out"
            run.add("missing scores", drop=drop, missing=f"2 %, {when}", they_are=treated, **cells)
            if counted and drop >= 0.04:
                run.bars.append(
                    Bar(
                        name=f"promoted, 2 % missing when bad, drop {drop}",
                        promised=three_sigma(0.002, ramps),
                        measured=cells["promoted"].share,
                        error=(cells["promoted"].high - cells["promoted"].low) / 4,
                    )
                )


def missing(rng: Generator, drops: Array, when: str) -> Ints:
    """Which candidate scores are missing: of any answer, or of answers that lost a point."""
    if when == "both arms":
        return np.where(rng.random(drops.shape) < MISSING, 2, 0)
    bad = drops > 0
    return np.where(bad & (rng.random(drops.shape) < MISSING / max(bad.mean(), MISSING)), 1, 0)


def fairness_table(run: Run) -> None:
    """Five locales, equal scoring shares; one of them loses, or nothing does."""
    ramps = max(20, run.ramps // 20)
    for gap in (0.0, 0.02, 0.1, 0.2):
        units = [checks.fairness_units(run.rng(), gap) for _ in range(ramps)]
        median, p90, error = quantiles(units)
        caught = share(np.isfinite(units))
        if gap <= 0.02:
            run.bars.append(
                Bar(
                    name=f"false rollback, one locale {gap} worse",
                    promised=three_sigma(0.01, ramps),
                    measured=caught.share,
                    error=(caught.high - caught.low) / 4,
                )
            )
        run.add(
            "fairness",
            gap=gap,
            rolled_back=caught,
            units_per_locale=median,
            error=error,
            p90=p90,
        )


def forecasts_table(run: Run) -> None:
    """What `plan lint` says before a ramp, beside what happens."""
    traffic = PlanTraffic(calls_per_second=1, scores_per_hour=3600)
    before = forecasts(engine.plan_of(DRIFT, (1500, 1500)), traffic)[0].slos[0]
    looks, _ = run.ours("replay 0.04", scenarios.harm(0.08))
    median, p90, error = quantiles(looks * LOOK)
    for name, forecast, measured in (
        ("samples to catch 0.08, median", before.catches.median_n, median),
        ("samples to catch 0.08, 90 %", before.catches.p90_n, p90),
    ):
        run.add("forecasts", what=name, forecast=forecast, measured=measured, error=error)
    drops = run.draw("replay 0.04", scenarios.harm(0.0, 3000))
    shown = engine.proven_by(drops, 0.04)
    for name, forecast, q in (
        ("pairs to prove 0.04, 80 %", before.n_80, 0.8),
        ("pairs to prove 0.04, 90 %", before.n_90, 0.9),
    ):
        run.add("forecasts", what=name, forecast=forecast, measured=float(np.quantile(shown, q)))
