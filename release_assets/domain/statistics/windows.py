"""Two windows on a canary stage: all of it, and its second half.

Evidence for a release is read at the moment of decision and never latched: a proof that was once
complete says nothing about the hour after (E9). A drop inside the stage is diluted in the whole
but not in the second half. Kept in constant memory: the half in use started at a mark, the next
one collects from the next mark, and marks double, so that the half in use always covers the last
50 to 75 % of the observed time once the planned duration is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.capital import Seats, Table

WHOLE, HALF, NEXT = 0, 1, 2
WINDOWS = 3


def marks_passed(since_s: float, until_s: float, duration_s: float) -> int:
    """How many marks lie behind a look: half the planned duration, then 1, 2, 4, ... durations.

    A window starts with a whole look, the one whose start is nearest to the mark; never with the
    first of a stage, which would make the half a second whole.
    """
    marks, mark = 0, max(duration_s, 1.0) / 2
    middle = (since_s + until_s) / 2 if since_s > 0 else 0.0
    while middle >= mark:
        marks, mark = marks + 1, mark * 2
    return marks


def with_marks(windows: Table, before: int, now: int) -> Table:
    """Turn the windows over at each mark passed since the look before."""
    turns = range(max(before, NEXT), now)
    if not turns:
        return windows
    rows = by_window(windows)
    for _ in turns:
        rows[:, HALF] = rows[:, NEXT]
        rows[:, NEXT] = 0.0
    return windows.with_rows(rows)


def with_observations(windows: Table, streams: int, own: Seats, added: Array, marks: int) -> Table:
    """Add to the whole, and to the halves that have started, of the streams in the rows `own`.

    There are `streams` rows afterwards; a stream that had none has seen nothing yet.
    """
    rows = np.zeros((streams, WINDOWS, windows.width // WINDOWS))
    known = by_window(windows)
    rows[: len(known)] = known
    started = slice(min(marks, NEXT) + 1)
    rows[own, started] += added[:, None]
    return windows.with_rows(rows)


def by_window(windows: Table) -> Array:
    """The numbers by stream, then by window."""
    rows = windows.rows
    return rows.reshape(len(rows), WINDOWS, windows.width // WINDOWS)
