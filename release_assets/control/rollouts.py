"""Moves a stored rollout by an event, against the other writer.

The looks of a sensor and the acts of runs write the same rollout; whoever comes second reads again
and applies its event to what it finds. An event that cannot follow any more raises, and nothing
moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import ConflictError, NotFoundError
from release_assets.domain.rollout.machine import apply

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.domain.ledger.kinds import RolloutEvent
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.ports import ReleaseStore

_ATTEMPTS = 10


def move(
    store: ReleaseStore, release: str, event: RolloutEvent, *, now: datetime, because: str
) -> Rollout:
    """Apply an event to the rollout as it is stored now; returns what was stored.

    Raises `IllegalTransitionError` when the event cannot follow, `ConflictError` when somebody
    else wrote first in every attempt.
    """
    for _ in range(_ATTEMPTS):
        found = store.rollout(release)
        if found is None:
            raise NotFoundError(f"{release} has no rollout; promote it first")
        moved = apply(found, event, now=now, because=because)
        try:
            store.save_rollout(moved)
        except ConflictError:
            continue
        return moved
    raise ConflictError(
        f"the rollout of {release} was changed by others in each of {_ATTEMPTS} attempts;"
        f" '{event}' was not applied, try again"
    )
