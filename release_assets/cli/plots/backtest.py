"""Draws a backtest: evidence against the candidate and for it over the recorded time.

Both are drawn on a scale of powers of ten, each beside what it needs; a line marks where a canary
stage begins, a cross where the plan fires.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from release_assets.cli.plots.figure import COLOURS, GREY, save
from release_assets.domain.finding import Outcome
from release_assets.domain.live.judge import judge
from release_assets.domain.live.wealth import evidence_against
from release_assets.domain.rollout.decision import StageAct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.backtest.run import BacktestRun

_LEAST, _MOST = 1e-3, 1e6  # beyond these, how much does not matter
_MINUTE = timedelta(minutes=1)
_MARKS = {StageAct.BRAKE: "X", StageAct.HOLD: "s"}


class Trace:
    """The evidence at every look, plan by plan."""

    def __init__(self) -> None:
        self._points: list[list[tuple[float, float, float]]] = []
        self._runs: Sequence[BacktestRun] = ()

    def look(self, runs: Sequence[BacktestRun]) -> None:
        """Note one look of all plans; a run that is over adds no more points."""
        self._points = self._points or [[] for _ in runs]
        before = self._runs or runs
        for points, run, last in zip(self._points, runs, before, strict=True):
            if not points or run.live.last_batch > last.live.last_batch:
                points.append(_point(run))
        self._runs = runs

    def draw(self, path: str, names: Sequence[str]) -> None:
        """Write the picture, one panel a plan."""
        from matplotlib.figure import Figure

        count = max(1, len(self._runs))
        figure = Figure(figsize=(9, 3.4 * count), layout="constrained")
        panels = figure.subplots(count, squeeze=False, sharex=True)[:, 0]
        for axes, name, points, run in zip(panels, names, self._points, self._runs, strict=False):
            _draw_one(axes, points, run)
            axes.set_title(name, loc="left", fontsize=10, parse_math=False)
        panels[-1].set_xlabel("minutes since the candidate's first call")
        entries = {
            t: h for axes in panels for h, t in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            entries.values(), entries.keys(), loc="outside lower center", ncols=4, fontsize=8
        )
        save(figure, path)


def _point(run: BacktestRun) -> tuple[float, float, float]:
    minutes = (run.seen_until - run.began_at) / _MINUTE
    judged = judge(run.live, run.plan)
    is_broken = judged.outcome is Outcome.FAILED  # nothing speaks for it any more
    for_it = math.nan if is_broken else _within(judged.evidence_for)
    return minutes, _within(evidence_against(run.live)), for_it


def _within(evidence: float) -> float:
    return min(max(evidence, _LEAST), _MOST)


def _draw_one(axes: Any, points: Sequence[tuple[float, float, float]], run: BacktestRun) -> None:
    minutes, against, for_it = zip(*points, strict=True)
    judged = judge(run.live, run.plan)
    for values, needed, colour, label in (
        (against, judged.needed_against, COLOURS["failed"], "against it"),
        (for_it, judged.needed_for, COLOURS["passed"], "for it, weakest SLO"),
    ):
        name = f"evidence {label}, {needed:.0f} needed"
        axes.plot(minutes, values, color=colour, linewidth=1.4, label=name)
        axes.axhline(needed, color=colour, linewidth=0.9, linestyle="--")
    for stage in run.stages:
        _mark_stage(axes, (stage.entered_at - run.began_at) / _MINUTE, stage.traffic_pct)
    for look in run.looks:
        at = (look.at - run.began_at) / _MINUTE, _within(look.evidence_against)
        if mark := _MARKS.get(look.act):
            axes.plot(*at, marker=mark, color="black", linestyle="", label=f"the {look.act}")
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, _MOST * 2)
    axes.set_ylabel("evidence")


def _mark_stage(axes: Any, minute: float, traffic_pct: float) -> None:
    """Draw a line where a canary stage begins, with its share."""
    axes.axvline(minute, color=GREY, linewidth=0.8, linestyle=":")
    place = {"xytext": (3, -10), "textcoords": "offset points"}
    axes.annotate(f"{traffic_pct:g} %", (minute, _MOST), color=GREY, fontsize=8, **place)
