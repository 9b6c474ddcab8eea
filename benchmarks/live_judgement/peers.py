"""Everybody on the same scores: windows, failure limits, rank tests, detectors, and ours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement import contestants, scenarios
from benchmarks.live_judgement.engine import LOOK, RAMP, first_look
from benchmarks.live_judgement.measures import Array, Row, quantiles, share
from benchmarks.live_judgement.scenarios import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.live_judgement.run import Run


def contestants_table(run: Run) -> None:
    rng, ramps = run.rng(), run.ramps
    null = scenarios.binary(rng, 0.91, (4 * ramps, SAMPLES))
    tuned = {
        w: np.quantile(contestants.window_means(null, w).min(axis=1), 0.01) - 1e-9
        for w in (50, 200)
    }
    cuts = {k: contestants.calibrated(contestants.detector(null, k)) for k in ("sr", "cusum")}
    bounds = contestants.group_sequential_bounds(null)
    del null
    everyone: dict[str, Callable[[Array, Array], Array]] = {
        "ours": lambda c, _: run.known_looks(c),
        "ours, two arms": lambda c, s: run.drift_looks(s - c),
        "window 50 under the limit": lambda c, _: contestants.window(c, 50),
        "window 200 under the limit": lambda c, _: contestants.window(c, 200),
        "window 50 tuned to .01": lambda c, _: contestants.window(c, 50, tuned[50]),
        "window 200 tuned to .01": lambda c, _: contestants.window(c, 200, tuned[200]),
        "Argo failureLimit 3, window 50": lambda c, _: contestants.failures(c, 50, 3),
        "Argo failureLimit 3, window 200": lambda c, _: contestants.failures(c, 200, 3),
        "Flagger threshold 10, window 50": lambda c, _: contestants.failures(c, 50, 9),
        "Mann-Whitney .02 every look": contestants.mann_whitney,
        "Mann-Whitney .02 at stage ends": lambda c, s: contestants.mann_whitney(c, s, stages=RAMP),
        "Shiryaev-Roberts tuned to .01": lambda c, _: first_look(
            contestants.detector(c, "sr") > cuts["sr"]
        ),
        "CUSUM tuned to .01": lambda c, _: first_look(
            contestants.detector(c, "cusum") > cuts["cusum"]
        ),
        "group-sequential, 30 looks": lambda c, _: contestants.group_sequential(c, bounds),
        "e-process from the start": lambda c, _: contestants.from_the_start(c),
    }
    cases = [(0.0, 0), (0.01, 0), (0.02, 0), (0.08, 0), (0.08, 750), (0.05, 750)]
    drawn = {}
    for drop, onset in cases:
        drops = scenarios.harm(drop, onset=onset)
        drawn[drop, onset] = (
            scenarios.binary(rng, 0.93 - drops, (ramps, SAMPLES)),
            scenarios.binary(rng, 0.93, (ramps, SAMPLES)),
        )
    for name, alarm in everyone.items():
        row: Row = {"contestant": name}
        began = time.process_time()
        for drop, onset in cases:
            looks = alarm(*drawn[drop, onset])
            row |= contestant_cells(drop, onset, looks)
        spent = time.process_time() - began
        row["us a look"] = 1e6 * spent / (len(cases) * ramps * (SAMPLES // LOOK))
        run.add("contestants", **row)


TRAFFIC = np.repeat((0.01, 0.1, 0.5, 1.0), RAMP)[:SAMPLES]


def contestant_cells(drop: float, onset: int, looks: Array) -> Row:
    if drop <= 0.02:
        return {f"false at {drop}": share(np.isfinite(looks))}
    at = looks * LOOK
    samples = np.where(at > onset, at - onset, np.inf)
    early = float(np.mean(at <= onset))
    median, p90, _ = quantiles(samples)
    shown = "/".join("-" if x is None else f"{x:.0f}" for x in (median, p90))
    shown += f" ({early:.0%} before)" if early > 0.02 else ""
    seen = np.minimum(np.where(np.isfinite(at), at, SAMPLES), SAMPLES).astype(int)
    harmed = np.cumsum(TRAFFIC * (np.arange(SAMPLES) >= onset) * drop)[seen - 1].mean()
    cells = {f"{drop} from {onset}": shown, f"harmed, {drop} from {onset}": float(harmed)}
    if (drop, onset) == (0.05, 750):
        cells["never caught, 0.05 from 750"] = share(~np.isfinite(at))
    return cells
