"""Draws a backtest: evidence against the candidate and for it over the recorded time.

Both are drawn on a scale of powers of ten, each beside what it needs; lines stand where a canary
stage begins, a cross where the plan fires.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from release_assets.cli.pictures import COLOURS, GREY, save
from release_assets.domain import live_analysis
from release_assets.domain.live_bets import evidence_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.backtest import BacktestRun

_LEAST, _MOST = 1e-3, 1e6  # beyond these nobody needs to see how much
_MINUTE = timedelta(minutes=1)


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
        save(figure, path)


def _point(run: BacktestRun) -> tuple[float, float, float]:
    minutes = (run.seen_until - run.began_at) / _MINUTE
    judgement = live_analysis.judge(run.live, run.plan)
    return minutes, _within(evidence_against(run.live)), _within(judgement.evidence_for)


def _within(evidence: float) -> float:
    return min(max(evidence, _LEAST), _MOST)


def _draw_one(axes: Any, points: Sequence[tuple[float, float, float]], run: BacktestRun) -> None:
    judged = live_analysis.judge(run.live, run.plan)
    minutes, against, for_it = zip(*points, strict=True)
    for values, needed, colour, label in (
        (against, judged.needed_against, COLOURS["failed"], "against"),
        (for_it, judged.needed_for, COLOURS["passed"], "for (weakest SLO)"),
    ):
        axes.plot(minutes, values, color=colour, linewidth=1.4, label=f"evidence {label}")
        axes.axhline(needed, color=colour, linewidth=0.9, linestyle="--")
    for stage in run.stages:
        begun = (stage.entered_at - run.began_at) / _MINUTE
        axes.axvline(begun, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(f"{stage.traffic_pct:g} %", (begun, _MOST), xytext=(3, -10), color=GREY)
        axes.texts[-1].set(fontsize=8)
        axes.texts[-1].anncoords = "offset points"
    for look in run.looks:
        mark = {"brake": "X", "hold": "s"}.get(look.act)
        at = (look.at - run.began_at) / _MINUTE, _within(look.evidence_against)
        if mark:
            axes.plot(*at, marker=mark, color="black", markersize=8, label=str(look.act))
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, _MOST * 2)
    axes.set_ylabel("evidence")
    axes.legend(loc="lower right", fontsize=8, framealpha=0.9)
