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

from release_assets.domain.statistics.capital import places

if TYPE_CHECKING:
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.capital import Key, Table

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
    rows = _by_window(windows)
    for _ in turns:
        rows[:, HALF] = rows[:, NEXT]
        rows[:, NEXT] = 0.0
    return windows.with_rows(rows.reshape(len(windows.keys), windows.width))


def with_observations(windows: Table, keys: tuple[Key, ...], added: Array, marks: int) -> Table:
    """Add to the whole, and to the halves that have started; unknown keys start at nothing."""
    known = (*windows.keys, *sorted(set(keys) - set(windows.keys)))
    rows = np.zeros((len(known), WINDOWS, windows.width // WINDOWS))
    rows[: len(windows.keys)] = _by_window(windows)
    members = places(known, keys)
    for window in range(min(marks, NEXT) + 1):
        rows[members, window] += added
    return windows.with_rows(rows.reshape(len(known), windows.width), keys=known)


def window(windows: Table, key: Key, which: int) -> Array | None:
    """What one stream has gathered in one window, or None when it was never seen."""
    if key not in windows.keys:
        return None
    numbers: Array = _by_window(windows)[windows.keys.index(key), which]
    return numbers


def _by_window(windows: Table) -> Array:
    return windows.rows.reshape(len(windows.keys), WINDOWS, windows.width // WINDOWS)
