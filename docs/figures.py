"""Draws the figures of docs/judgement.md into docs/images: `python -m docs.figures`.

Everything is simulated with fixed seeds by the product's own engine (`benchmarks/live_judgement`
runs it over many ramps at once), so the same code draws the same files.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from benchmarks.live_judgement import contestants, engine, scenarios
from benchmarks.live_judgement.engine import DRIFT, LOOK, POLICY
from benchmarks.live_judgement.run import Run
from release_assets.cli.plots import plan as plan_plot
from release_assets.cli.plots.backtest import Trace
from release_assets.cli.plots.figure import COLOURS, GREY, save
from release_assets.domain.backtest.calls import RecordedCall, RecordingNeeds
from release_assets.domain.backtest.run import begin_run, take
from release_assets.domain.backtest.windows import CallWindows
from release_assets.domain.planning.lint import lint_plan
from release_assets.domain.planning.traffic import PlanTraffic
from release_assets.domain.rollout.plan import read_rollout_plan
from release_assets.domain.statistics import information

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = Path(__file__).parent / "images"
SEEDS_PLAN = Path(__file__).parents[1] / "examples/policy-search/rollouts/policy-search-v1.yaml"
SEED, RAMPS = 20260302, 400
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAN = """\
canary_stages:
  - {traffic_pct: 1, duration_min: 30, slos: {eval_groundedness_drift_max: 0.04}}
  - {traffic_pct: 10, duration_min: 60}
  - {traffic_pct: 50, duration_min: 120}
  - {traffic_pct: 100}
"""


def harmless() -> None:
    """Draw how many harmless releases have been taken back by which sample."""
    run = Run(RAMPS, SEED)
    scores = scenarios.binary(run.rng(), 0.93 - 0.01, (RAMPS, scenarios.SAMPLES))
    alarms = {
        "window of 50 under the limit": contestants.window(scores, 50),
        "window of 200 under the limit": contestants.window(scores, 200),
        "4 failed windows of 200": contestants.failures(scores, 200, 3),
        "evidence of 100 (Countersign)": run.known_looks(scores),
    }
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes, looks = figure.subplots(), np.arange(1, scenarios.SAMPLES // LOOK + 1)
    for (name, alarm), style in zip(alarms.items(), ("-", "--", "-.", "-"), strict=True):
        ours = "Countersign" in name
        share = [(alarm <= look).mean() for look in looks]
        colour = COLOURS["passed"] if ours else COLOURS["failed"]
        axes.plot(looks * LOOK, share, style, color=colour, label=name)
    axes.set(xlabel="scored samples of the candidate", ylim=(-0.03, 1.03))
    axes.set_ylabel("share of harmless\nreleases taken back")
    axes.legend(fontsize=8, loc="center right")
    save(figure, str(IMAGES / "harmless.svg"))


def first_stage() -> None:
    """Draw the samples that it takes to catch a drop, and to exclude one."""
    drops = np.linspace(0.03, 0.3, 100)
    alpha = 0.01 * 0.5 * 0.39  # what starts with the ramp, and a score's share among five SLOs
    caught = [
        information.samples_to_breach(information.breach_growth(d, 0.02), alpha)[0] for d in drops
    ]
    excluded = [information.samples_to_prove(round(float(d), 4))[0] for d in drops]
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(drops, caught, color=COLOURS["failed"], label="caught, in half of all cases")
    axes.plot(drops, excluded, color=COLOURS["passed"], label="excluded, for 80 % of good releases")
    for samples, text in ((300, "30 min at 600 scores an hour"), (2400, "4 h at 600 an hour")):
        axes.axhline(samples, color=GREY, linewidth=0.9, linestyle=":")
        axes.text(0.3, samples * 1.07, text, fontsize=8, color=GREY, ha="right")
    axes.set_yscale("log")
    axes.set(xlabel="drop of the score (limit 0.04, tolerated 0.02)", ylabel="replayed pairs")
    axes.legend(fontsize=8)
    save(figure, str(IMAGES / "first-stage.svg"))


def outcomes() -> None:
    """Draw what becomes of a release, by how much worse it is."""
    run, plan = Run(RAMPS, SEED), engine.plan_of(DRIFT, POLICY)
    drops = np.arange(0, 0.101, 0.01)
    samples = 2 * sum(POLICY[:-1])
    ends = [
        engine.policy(plan, run.draw("replay 0.04", scenarios.harm(drop, samples)))
        for drop in drops
    ]
    shares = [[getattr(end, what).mean() for end in ends] for what in _ENDS]
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.stackplot(drops, shares, labels=_ENDS.values(), colors=_SHADES, alpha=0.85)
    for at, text in ((0.02, "tolerated"), (0.04, "limit")):
        axes.axvline(at, color="black", linewidth=0.9, linestyle="--")
        axes.text(at + 0.001, 1.02, text, fontsize=8)
    axes.set(xlabel="true drop of the score", ylabel="share of releases")
    axes.set(xlim=(0, 0.1), ylim=(0, 1.1))
    axes.legend(fontsize=8, loc="lower right")
    save(figure, str(IMAGES / "outcomes.svg"))


_ENDS = {"promoted": "promoted", "held": "held for a person", "rolled_back": "taken back"}
_SHADES = (COLOURS["passed"], "#d4a72c", COLOURS["failed"])


def evidence() -> None:
    """Draw two ramps on one plan: as good as stable, and eight points worse from minute 50 on."""
    plan, trace = read_rollout_plan(PLAN, file="plan.yaml"), Trace()
    cuts = [
        CallWindows(
            RecordingNeeds.of(plan), every=timedelta(minutes=1), matures_after=timedelta(), file=""
        ).cut(_replays(drop))
        for drop in (0.0, 0.08)
    ]
    runs = [begin_run(plan, T0), begin_run(plan, T0)]
    for windows in zip(*cuts, strict=True):
        runs = [take(run, window) for run, window in zip(runs, windows, strict=True)]
        trace.look(runs)
    names = ["as good as stable", "0.08 worse from minute 50 on"]
    trace.draw(str(IMAGES / "evidence.svg"), names)


def _replays(drop: float, *, minutes: int = 270, per_min: int = 20) -> Iterator[RecordedCall]:
    """Return replayed pairs, of which 4 % move by chance."""
    rng = np.random.default_rng(SEED)
    for n in range(minutes * per_min):
        at, chance = T0 + timedelta(minutes=n / per_min), rng.random()
        lost = 0.02 + (drop if n / per_min >= 50 else 0.0)
        both = float(rng.random() < 0.93)
        scores = (
            (0.0, 1.0) if chance < lost else (1.0, 0.0) if chance < lost + 0.02 else (both,) * 2
        )
        for is_candidate, score in zip((True, False), scores, strict=True):
            yield RecordedCall(
                line=n,
                at=at,
                is_candidate=is_candidate,
                unit=str(n),
                latency_ms=0.0,
                cost_usd=None,
                error=False,
                timeout=False,
                refusal=False,
                is_negative=None,
                scores={"groundedness": score},
                slices={},
                pair=str(n),
                versions={},
            )


def plan() -> None:
    """Draw what the example's plan catches and proves at 20 calls/s and 600 scores an hour."""
    text = SEEDS_PLAN.read_text()
    traffic = PlanTraffic(calls_per_second=20, scores_per_hour=600)
    lint = lint_plan(read_rollout_plan(text, file=SEEDS_PLAN.name), traffic)
    plan_plot.draw(lint, str(IMAGES / "plan.svg"))


def main() -> None:
    """Draw all figures."""
    IMAGES.mkdir(exist_ok=True)
    for figure in (harmless, first_stage, outcomes, evidence, plan):
        figure()
        print(figure.__name__)


if __name__ == "__main__":
    main()
