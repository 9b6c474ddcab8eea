"""Draws a linted plan: when each canary stage catches twice the limit, and what it can exclude.

On the left a bar from the median to the worst tenth, in minutes of its stage, with the samples
that both take; where it ends behind the stage's time, the stage would be over first. On the right
the margin ladder: what each stage has to exclude on the way to the limit, and what its traffic
could.
"""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

from release_assets.cli.plots.figure import COLOURS, GREY, save
from release_assets.domain.errors import InputError
from release_assets.domain.planning.lint import margin_ladder
from release_assets.domain.wording import time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.planning.forecast import SloForecast, StageForecast
    from release_assets.domain.planning.lint import PlanLint

_ROW_IN, _LEAST_IN = 0.27, 3.6
_FOR_EVER = 3.0  # how many times the longest stage the scale of minutes goes
_PLANNED, _EXTENDED = "#dfe5ec", "#f0f3f6"
_MARGINS = ("o", "s", "D", "^", "v")


def draw(lint: PlanLint, path: str) -> None:
    """Write the picture; raises `InputError` where the traffic is not known."""
    if not (lint.traffic.is_known and lint.stages):
        hint = "add --traffic-rps and --scores-per-hour"
        raise InputError("nothing can be drawn of unknown traffic", file=path, hint=hint)
    from matplotlib.figure import Figure

    rows = sum(len(stage.slos) for stage in lint.stages) + len(lint.stages)
    figure = Figure(figsize=(12.5, max(_LEAST_IN, _ROW_IN * rows + 1.2)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    _draw_catches(left, lint.stages)
    _draw_margins(right, lint)
    figure.suptitle(lint.verdict.headline, fontsize=9, x=0.01, ha="left", wrap=True)
    save(figure, path)


def _draw_catches(axes: Any, stages: Sequence[StageForecast]) -> None:
    """Draw a row for each SLO under its stage, the stage's time behind them, and the scale."""
    least, most = _minutes(stages)
    place, labels = 0.0, []
    for stage in stages:
        labels.append((place, _title(stage)))
        top, place = place, place + 1
        for slo in stage.slos:
            _bar(axes, place, stage, slo, most)
            labels.append((place, f"{slo.name}, {slo.catches.drop:.6g} {slo.catches.unit}"))
            _beside(axes, place, _samples(slo))
            place += 1
        _stage_time(axes, stage, top, place, (least, most))
    _beside(axes, 0, "samples: half / 9 in 10")
    axes.set_yticks([at for at, _ in labels], [text for _, text in labels], fontsize=7.5)
    for tick, (_, text) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if "%" in text else "normal")
    axes.set(xscale="log", xlim=(least, most), ylim=(place - 0.3, -0.7))
    axes.set_xlabel("minutes until it is caught: the dot half of the time, the end 9 times in 10")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.tick_params(axis="y", length=0)
    title = "What each canary stage catches: harm as named beside the SLO, in the stage's time"
    axes.set_title(title, loc="left", fontsize=10)


def _minutes(stages: Sequence[StageForecast]) -> tuple[float, float]:
    """Return the ends of the scale: every stage's time and the earliest catch are on it."""
    earliest = min((slo.catches.median_min for s in stages for slo in s.slos), default=1.0)
    shortest = min(stage.duration_min for stage in stages)
    longest = max(stage.longest_min for stage in stages)
    return max(min(earliest, shortest) / 2, 1e-3), longest * _FOR_EVER


def _bar(axes: Any, place: float, stage: StageForecast, slo: SloForecast, most: float) -> None:
    """Draw a bar from the median to the worst tenth, in the colour of its outcome."""
    catches = slo.catches
    begin, end = (min(minutes, most) for minutes in (catches.median_min, catches.p90_min))
    colour = COLOURS[_outcome(stage, slo)]
    axes.plot((begin, end), (place, place), color=colour, linewidth=5, solid_capstyle="butt")
    axes.plot(begin, place, marker="o", color=colour, markersize=6, clip_on=False)
    if catches.median_min > stage.longest_min:
        label = "never" if math.isinf(catches.median_min) else "after the stage"
        spot = {"xytext": (-6, -3), "textcoords": "offset points", "ha": "right"}
        axes.annotate(label, (begin, place), color=colour, fontsize=7, **spot)


def _samples(slo: SloForecast) -> str:
    return f"{slo.catches.median_n:.0f} / {slo.catches.p90_n:.0f}"


def _beside(axes: Any, place: float, text: str) -> None:
    """Write right of the scale, on the height of a row."""
    right = axes.get_yaxis_transform()
    axes.text(1.02, place, text, transform=right, fontsize=7, color=GREY, va="center")


def _outcome(stage: StageForecast, slo: SloForecast) -> str:
    if not stage.is_caught_in_time(slo):
        return "failed"
    return "passed" if slo.catches.p90_min <= stage.duration_min else "inconclusive"


def _stage_time(
    axes: Any, stage: StageForecast, top: float, end: float, minutes: tuple[float, float]
) -> None:
    """Draw the planned time and its extension, as two shades behind the stage's rows."""
    rows = (top - 0.5, end - 0.5)
    axes.fill_betweenx(rows, minutes[0], stage.longest_min, color=_EXTENDED, linewidth=0)
    axes.fill_betweenx(rows, minutes[0], stage.duration_min, color=_PLANNED, linewidth=0)


def _title(stage: StageForecast) -> str:
    name = "the watch" if stage.traffic_pct >= 100 else f"canary stage {stage.index + 1}"
    return f"{name}: {stage.traffic_pct:g} %, {time(timedelta(minutes=stage.duration_min))}"


def _draw_margins(axes: Any, lint: PlanLint) -> None:
    """Draw what each stage must exclude, down to the limit, and what its scores could."""
    below = [stage for stage in lint.stages if stage.traffic_pct < 100]
    for mark, (name, ladder) in zip(cycle(_MARGINS), margin_ladder(lint).items(), strict=False):
        provable = [_provable(stage, name) for stage in below]
        (line,) = axes.plot(range(len(below)), _drawn(ladder), marker=mark, label=f"{name}: must")
        style = {"linestyle": ":", "marker": mark, "markerfacecolor": "white"}
        axes.plot(range(len(below)), _drawn(provable), color=line.get_color(), **style)
    axes.plot((), (), color=GREY, linestyle=":", label="what the stage's scores could exclude")
    axes.set_xticks(range(len(below)), [f"{stage.traffic_pct:g} %" for stage in below])
    axes.margins(y=0.1)
    axes.set(xlabel="canary stage", ylabel="drop or gap to be excluded", ylim=(0, None))
    axes.set_xlim(-0.3, len(below) - 0.7)
    axes.figure.legend(fontsize=7.5, loc="outside lower right")  # under the axis, however short
    axes.set_title("The margin ladder", loc="left", fontsize=10)


def _provable(stage: StageForecast, name: str) -> float | None:
    return next((slo.provable_margin for slo in stage.slos if slo.name == name), None)


def _drawn(margins: Sequence[float | None]) -> list[float]:
    return [math.nan if margin is None else margin for margin in margins]
