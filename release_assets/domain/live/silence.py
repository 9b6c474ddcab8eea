"""How long nothing was seen of a rollout that should have been seen.

Decides when silence cannot be chance: both arms without a call, or the candidate alone while
stable's calls show what its share of the traffic would have brought. Refuses to know what follows:
in `rollout/decision.py` silence over `LONGEST_LOOK` stops the clock, and from `SILENCE` on, ten
minutes, the rollout is held and a person paged.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from release_assets.domain.live.traffic import LiveBatch

MISSING_CALLS = 20.0  # that the candidate's share would have brought: chance of none e^-20


def silence(
    newest: Iterable[LiveBatch], *, since: datetime, now: datetime, traffic_pct: float | None
) -> timedelta:
    """Return the time up to `now` without a call that there should have been, in whole looks.

    `newest` are the looks of the canary stage that began at `since`, newest first; none is read
    beyond the last that has calls of the candidate. With an unknown share (`traffic_pct` None) no
    call is missing.
    """
    quiet: list[LiveBatch] = []
    heard_until = since
    for look in newest:
        if look.candidate.requests:
            heard_until = look.until
            break
        quiet.append(look)
    if not _is_missing(quiet, traffic_pct):
        heard_until = next((look.until for look in quiet if look.stable.requests), heard_until)
    return max(now - heard_until, timedelta())


def _is_missing(quiet: Sequence[LiveBatch], traffic_pct: float | None) -> bool:
    """Whether the candidate should have had calls in these looks."""
    others = sum(look.stable.requests for look in quiet)
    if traffic_pct is None or traffic_pct >= 100:
        return False
    return others * traffic_pct / (100 - traffic_pct) > MISSING_CALLS
