"""Writes numbers and names for a sentence to the release manager; decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta


def number(value: float, digits: int = 3) -> str:
    """Write a share or a difference of shares: `.052`, `-.01`, `1`."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    if text in {"-0", ""}:
        return "0"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def p_value(p: float) -> str:
    """Write a p-value: `p .031`, and `p < .0001` below what is compared."""
    return "p < .0001" if p < 0.0001 else f"p {number(p, 4)}"


def change(delta: float, interval: tuple[float, float]) -> str:
    """Write `drop .052, interval .018 to .086`; drops and gains are both positive numbers."""
    low, high = interval
    if delta < 0:
        return f"drop {number(-delta)}, interval {number(-high)} to {number(-low)}"
    word = "gain" if delta > 0 else "difference"
    return f"{word} {number(delta)}, interval {number(low)} to {number(high)}"


def named(names: Collection[str], shown: int = 5) -> str:
    """Write names in order, the first few spelled out: `a, b and 3 more`."""
    first = sorted(names)[:shown]
    more = len(names) - len(first)
    return f"{', '.join(first)} and {more} more" if more else ", ".join(first)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: `1 case`, `3 cases`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def time(span: timedelta) -> str:
    """Write a time span: `9 s`, `14.5 min` or `28.5 h`."""
    seconds = span.total_seconds()
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
