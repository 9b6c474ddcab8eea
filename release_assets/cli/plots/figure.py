"""Where a command's picture goes: which files can be drawn, and how they are written.

matplotlib is an extra (`countersign[plot]`) and takes a second to load, so it is imported late,
and its absence is reported before any file is read.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from release_assets.domain.errors import InputError

COLOURS = {"passed": "#1a7f37", "failed": "#c62828", "inconclusive": "#9a6700"}
GREY = "#57606a"
_SUFFIXES = (".png", ".svg")


def require_plot(path: str) -> None:
    """Raise `InputError` when this plot cannot be drawn."""
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise InputError("a plot is a .png or .svg file", file=path, hint="--plot picture.svg")
    if find_spec("matplotlib") is None:
        hint = "pip install 'countersign[plot]'"
        raise InputError("--plot needs matplotlib, which is not installed", hint=hint)


def save(figure: Any, path: str) -> None:
    """Write a picture; the same figure gives the same bytes of SVG."""
    import matplotlib as mpl

    suffix = Path(path).suffix.lower().removeprefix(".")
    try:
        with mpl.rc_context({"svg.hashsalt": "countersign", "svg.fonttype": "none"}):
            metadata = {"Date": None} if suffix == "svg" else None
            figure.savefig(path, format=suffix, metadata=metadata)
    except OSError as reason:
        message = f"the plot cannot be written: {reason.strerror}"
        raise InputError(message, file=path, hint="name a folder that exists") from reason
