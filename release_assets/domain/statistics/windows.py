"""Two windows on a canary stage: all of it, and its second half.

Evidence for a release is read at the moment of decision and never latched: a proof that was once
complete says nothing about the hour after (docs/methods.md, E9). A drop inside the stage is diluted
in the whole, but not in the second half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.wealth import RowIndices, Table

WHOLE, HALF, NEXT = 0, 1, 2
WINDOWS = 3

# "The second half of the time up to now" would take all looks to compute, so it is approached in
# constant memory. Boundaries lie at half the planned duration and then at 1, 2, 4, ... durations.
# HALF collects from one boundary, NEXT from the following one; when a third is passed, NEXT becomes
# HALF and a new NEXT starts. So HALF covers the second half when the planned duration ends, and the
# last 50 to 75 % of the time from then on. Where a boundary lies depends on the plan and the clock
# alone, never on what was seen: each window holds bets that were placed before their outcomes, and
# is an e-process of its own.


def boundaries_passed(since_s: float, until_s: float, duration_s: float) -> int:
    """Return how many boundaries lie behind a look that covers these seconds of its stage.

    A window starts with a whole look, the one whose start is nearest to the boundary; never with
    the first of a stage, which would make the half a second whole.
    """
    passed, boundary = 0, max(duration_s, 1.0) / 2
    middle = (since_s + until_s) / 2 if since_s > 0 else 0.0
    while middle >= boundary:
        passed, boundary = passed + 1, boundary * 2
    return passed


def with_boundaries(windows: Table, before: int, now: int) -> Table:
    """Start the windows anew at each boundary passed since the look before."""
    turns = range(max(before, NEXT), now)
    if not turns:
        return windows
    rows = by_window(windows).copy()
    for _ in turns:
        rows[:, HALF] = rows[:, NEXT]
        rows[:, NEXT] = 0.0
    return windows.with_rows(rows)


def with_observations(
    windows: Table, streams: int, own: RowIndices, added: Array, passed: int
) -> Table:
    """Add to the whole, and to the windows that have started, of the streams in the rows `own`.

    There are `streams` rows afterwards; a stream that had none has seen nothing yet.
    """
    rows = np.zeros((streams, WINDOWS, windows.width // WINDOWS))
    known = by_window(windows)
    rows[: len(known)] = known
    started = slice(min(passed, NEXT) + 1)
    rows[own, started] += added[:, None]
    return windows.with_rows(rows)


def by_window(windows: Table) -> Array:
    """Return the numbers by stream, then by window; read only."""
    rows = windows.rows
    return rows.reshape(len(rows), WINDOWS, windows.width // WINDOWS)
