"""Draws the intervals of a comparison: one line per scorer and slice, the margin beside them.

matplotlib is an extra (`countersign[plot]`) and takes a second to load, so it is imported here,
late, and its absence is told before any file is read.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from release_assets.domain.comparison import Comparison

_SUFFIXES = (".png", ".svg")
_COLOURS = {"passed": "#1a7f37", "failed": "#c62828", "inconclusive": "#9a6700"}
_MOST_LINES = 60


def require_plot(path: str) -> None:
    """Raise `InputError` when this plot cannot be drawn."""
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise InputError("a plot is a .png or .svg file", file=path, hint="--plot delta.svg")
    if find_spec("matplotlib") is None:
        hint = "pip install 'countersign[plot]'"
        raise InputError("--plot needs matplotlib, which is not installed", hint=hint)


def draw(found: Comparison, path: str) -> None:
    """Write the picture; the same comparison gives the same bytes of SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    lines = (*found.whole, *found.slices)[:_MOST_LINES]
    figure = Figure(figsize=(8, 1.4 + 0.32 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for at, one in enumerate(lines):
        colour = _COLOURS[str(found.outcome_of(one))]
        axes.plot(one.interval, (at, at), color=colour, linewidth=2)
        axes.plot([one.delta], [at], marker="o", color=colour)
    axes.axvline(0, color="#57606a", linewidth=1)
    axes.axvline(-found.rules.margin, color="#c62828", linewidth=1, linestyle="--")
    labels = [f"{d.scorer} {d.slice or 'all'} (n={d.n})" for d in lines]
    axes.set_yticks(range(len(lines)), labels, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("candidate minus baseline; dashed: the margin")
    axes.set_title(str(found.verdict.outcome))
    with mpl.rc_context({"svg.hashsalt": "countersign", "svg.fonttype": "none"}):
        _save(figure, path)


def _save(figure: Any, path: str) -> None:
    suffix = Path(path).suffix.lower().removeprefix(".")
    try:
        figure.savefig(path, format=suffix, metadata={"Date": None} if suffix == "svg" else None)
    except OSError as reason:
        told = f"the plot cannot be written: {reason.strerror}"
        raise InputError(told, file=path, hint="name a folder that exists") from reason
