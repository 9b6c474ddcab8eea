"""How long a breach could have been known before it was acted upon.

Reaction is counted from the first scored call whose look would have been a breach, had somebody
looked after every call, to the last call that the candidate answered. It decides nothing; it is
what an incident shows about the pipeline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.live import judge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import RolloutPlan


def first_decidable_at(batches: Sequence[LiveBatch], plan: RolloutPlan) -> datetime | None:
    """Return the time of the scored pair that made the breach decidable; None without a breach.

    A breach by counts alone has the time of its batch's end.
    """
    state = judge.start(plan)
    for batch in batches:
        after = judge.look(state, batch, plan)
        if after.breach:
            pairs = sorted(batch.pairs, key=lambda pair: pair.at)
            for seen in range(1, len(pairs)):
                part = replace(batch, pairs=tuple(pairs[:seen]), until=pairs[seen - 1].at)
                if judge.look(state, part, plan).breach:
                    return pairs[seen - 1].at
            return pairs[-1].at if pairs else batch.until
        state = after
    return None
