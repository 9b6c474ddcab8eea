"""Drops in all kinds of scores: false rollbacks, delays, shapes of harm, and what disturbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta

from benchmarks.live_judgement import engine, scenarios
from benchmarks.live_judgement.engine import LOOK
from benchmarks.live_judgement.measures import Array, Mask, delay, quantiles, share
from benchmarks.live_judgement.scenarios import SAMPLES
from release_assets.domain.live.state import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from benchmarks.live_judgement.run import Run


def scores_table(run: Run) -> None:
    """Drops in all kinds of data, at deployment and in mid-ramp."""
    arms = {"known baseline": 1, "arms/binary .93/1": 2, "arms/binary .93/3": 4}
    arms |= {"replay 0.00": 2, "replay 0.02": 2, "replay 0.04": 2}
    more = ("binary .99", "skew .914", "hard .914", "rubric")
    arms |= {f"arms/{name}/1": 2 for name in more}
    for data, calls in arms.items():
        for drop in (0.0, 0.01, 0.02):
            looks, _ = run.ours(data, scenarios.harm(drop))
            found = run.false_rollbacks(f"{data}, drop {drop}", looks, 0.002 if drop == 0 else 0.01)
            run.add("false rollbacks", data=data, nuisance="none", drop=drop, share=found)
        for drop, onset in ((0.05, 0), (0.08, 0), (0.15, 0), (0.08, 750), (0.08, 1400)):
            delays(run, data, calls, drop, onset)


def delays(run: Run, data: str, calls: int, drop: float, onset: int) -> None:
    looks, drawn = run.ours(data, scenarios.harm(drop, onset=onset))
    limit, oracle, handed = run.limits(data, drawn, onset)
    samples, one_bet = (np.where(at > onset, at - onset, np.inf) for at in (looks * LOOK, handed))
    median, p90, error = quantiles(samples)
    best = quantiles(oracle)[0]
    run.add(
        "delays",
        data=data,
        drop=drop,
        onset=onset,
        caught=share(np.isfinite(samples)),
        median=median,
        error=error,
        p90=p90,
        scored_calls=median and median * calls,
        limit=limit,
        limit_with_half=limit * np.log(200) / np.log(100),
        of_limit=median and median / limit,
        of_oracle=median and best and median / best,
        one_bet="/".join(f"{x:.0f}" if x else "-" for x in quantiles(one_bet)[:2]),
    )
    bars = {
        ("known baseline", 0.08, 0): (350, 660),
        ("arms/binary .93/1", 0.08, 0): (640, 1180),
        ("known baseline", 0.08, 1400): (575, 950),
        ("arms/binary .93/1", 0.08, 1400): (1000, 1620),
        ("replay 0.00", 0.08, 0): (285, 560),
        ("replay 0.02", 0.08, 0): (285, 560),
        ("replay 0.04", 0.08, 0): (285, 560),
    }
    if (data, drop, onset) in bars:
        run.delay_bar(f"{data}, drop {drop} from {onset}", samples, *bars[data, drop, onset])


def shapes_table(run: Run) -> None:
    """Harm that grows, and harm that goes away again."""
    for name, more in (("grows over 1000", {"ramp": 1000}), ("200 samples only", {"until": 200})):
        for data in ("replay 0.04", "arms/binary .93/1"):
            looks, _ = run.ours(data, scenarios.harm(0.08, **more))
            caught = share(np.isfinite(looks))
            run.add("shapes", data=data, harm=name, caught=caught, **delay(looks * LOOK))


def looks_table(run: Run) -> None:
    """The same ramps looked at after every sample and after every 20."""
    few = min(run.ramps, 400)
    schedules = {look: engine.schedule(run.drift, SAMPLES // look, look) for look in (1, LOOK)}
    for data in ("known baseline", "replay 0.04"):
        for drop in (0.02, 0.08):
            drawn = run.draw(data, scenarios.harm(drop))[:few]
            for look, released in schedules.items():
                looks = engine.breach_looks(run.streams_of(data, drawn, look), released)
                cells = {"fired": share(np.isfinite(looks))} | delay(looks * look)
                run.add("looks", data=data, drop=drop, a_look_every=look, **cells)


def baselines_table(run: Run) -> None:
    """200 staging cases instead of a concurrent arm: taken as exact, or at their lower bound."""
    for drop in (0.0, 0.02, 0.08):
        rng, shape = run.rng(), (run.ramps, SAMPLES)
        scores = scenarios.binary(rng, 0.93 - drop, shape)
        right = rng.binomial(200, 0.93, (run.ramps, 1))
        lowest = beta.ppf(ALPHA / 2, right, 201 - right)  # Clopper and Pearson
        for name, level, alpha in (
            ("taken as exact", right / 200, ALPHA),
            ("its own lower bound, alpha/2 each", lowest, ALPHA / 2),
        ):
            looks = run.known_looks(np.clip(scores + (0.93 - level), 0, 1), alpha)
            median, p90, _ = quantiles(looks * LOOK)
            fired = share(np.isfinite(looks))
            run.add("baselines", baseline=name, drop=drop, fired=fired, median=median, p90=p90)


def nuisances_table(run: Run) -> None:
    """Common causes, sessions, a shifted mix, missing scores: nothing of it is the release."""
    for drop, promised in ((0.0, 0.002), (0.02, 0.01)):
        for name, drops, lacks in nuisances(run, drop):
            looks = run.drift_looks(drops, lacks)
            found = run.false_rollbacks(f"{name}, drop {drop}", looks, promised)
            run.add("false rollbacks", data="arms, k=1", nuisance=name, drop=drop, share=found)
        for name, scores in naive(run, drop):
            found = share(np.isfinite(run.known_looks(scores)))
            run.add("false rollbacks", data="naive", nuisance=name, drop=drop, share=found)


def nuisances(run: Run, drop: float) -> Iterator[tuple[str, Array, Array | None]]:
    ramps, shape = run.ramps, (run.ramps, SAMPLES)
    rng = run.rng()
    cycle = scenarios.day_night()

    def arm(p: float | Array) -> Array:
        return scenarios.binary(rng, np.clip(p, 0, 1), shape)

    yield "day/night 5 points", arm(0.92 + cycle) - arm(0.92 - drop + cycle), None
    shock = scenarios.ar1(rng, ramps)
    yield "AR(1) shocks", arm(0.92 + shock) - arm(0.92 - drop + shock), None
    for icc in (0.2, 0.5):
        ours = scenarios.sessions(rng, ramps, SAMPLES, 0.93 - drop, icc)
        theirs = scenarios.sessions(rng, ramps, SAMPLES, 0.93, icc)
        yield f"sessions of 5, ICC {icc}", np.round(theirs - ours, 6), None
    yield "locale mix shift", mix_shift(rng, ramps, drop), None
    drops = arm(0.93) - arm(0.93 - drop)
    lacks = arm(0.02) - arm(0.02)
    yield "2 % missing in both arms", drops, lacks
    baseline = scenarios.two_arms(rng, "binary .93", scenarios.harm(drop), ramps)[0]
    yield "baseline of 200 cases, not used", baseline, None


def mix_shift(rng: Generator, ramps: int, drop: float) -> Array:
    """Two locales of level .97 and .80; the candidate gets twice as many of the harder one.

    Blocks are formed inside a locale and a look: as many as the smaller arm has there.
    """
    blocks = np.zeros((ramps, SAMPLES))
    for r in range(ramps):
        made = []
        for level, ours, theirs in ((0.97, 12, 16), (0.80, 8, 4)):
            n = SAMPLES // LOOK
            few = min(ours, theirs)
            c, s = rng.random((n, ours)) < level - drop, rng.random((n, theirs)) < level
            made.append(_grouped(s, few) - _grouped(c, few))
        rows = np.concatenate(made, axis=1)
        blocks[r, : rows.size] = rows.ravel()
    return np.round(blocks[:, : (SAMPLES // LOOK) * 16], 6)


def _grouped(values: Mask, groups: int) -> Array:
    starts = np.arange(groups) * values.shape[1] // groups
    sizes = np.diff(starts, append=values.shape[1])
    means: Array = np.add.reduceat(values.astype(float), starts, axis=1) / sizes
    return means


def naive(run: Run, drop: float) -> Iterator[tuple[str, Array]]:
    """The same traffic judged against a number: what a plugged-in baseline does."""
    rng, shape = run.rng(), (run.ramps, SAMPLES)
    p = 0.93 - drop
    yield (
        "day/night 5 points",
        scenarios.binary(rng, np.clip(p - 0.01 + scenarios.day_night(), 0, 1), shape),
    )
    plugged = rng.binomial(200, 0.93, (run.ramps, 1)) / 200
    yield "baseline of 200 cases", np.clip(scenarios.binary(rng, p, shape) + (0.93 - plugged), 0, 1)
    for icc in (0.2, 0.5):
        right = np.rint(scenarios.sessions(rng, run.ramps, SAMPLES // 5, p, icc) * 5)
        calls = (np.arange(5) < right[..., None]).astype(float)
        calls = rng.permuted(calls, axis=2).reshape(run.ramps, -1)
        yield f"calls of sessions of 5, ICC {icc}", calls
