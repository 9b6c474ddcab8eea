"""Draws the intervals of a comparison: one line per scorer and slice, the margin beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.cli.plots.figure import COLOURS, GREY, save

if TYPE_CHECKING:
    from release_assets.domain.evals.comparison import Comparison

_MOST_LINES = 60


def draw(found: Comparison, path: str) -> None:
    """Write the picture; the same comparison gives the same bytes of SVG."""
    from matplotlib.figure import Figure

    lines = (*found.whole, *found.slices)[:_MOST_LINES]
    figure = Figure(figsize=(8, 1.4 + 0.32 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for at, one in enumerate(lines):
        colour = COLOURS[str(found.outcome_of(one))]
        axes.plot(one.interval, (at, at), color=colour, linewidth=2)
        axes.plot([one.delta], [at], marker="o", color=colour)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axvline(-found.rules.margin, color=COLOURS["failed"], linewidth=1, linestyle="--")
    labels = [f"{d.scorer} {d.slice or 'all'} (n={d.n})" for d in lines]
    axes.set_yticks(range(len(lines)), labels, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("candidate minus baseline; dashed: the margin")
    axes.set_title(str(found.verdict.outcome))
    save(figure, path)
