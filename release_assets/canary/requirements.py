"""What must hold before exposure rises: a passed gate, no freeze, one rollout at a time, its turn.

Asked of fresh readings, right before the write (law 1, law 3), and the same for whoever raises: the
promotion that puts a release on its rollout plan, and each canary stage after it. Lowering asks
nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import RefusedError
from release_assets.domain.history.production import ENDS
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.rollout.machine import RolloutState
from release_assets.partitions import stage_key
from release_assets.pipeline import BEFORE_PROMOTION, CANARY, of_stage

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.domain.release import ReleaseKey
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.records.book import Book
    from release_assets.records.reading import Reading


def require_no_freeze(book: Book, now: datetime) -> None:
    """Raise `RefusedError` in a freeze window of the policy at main; the brake works as ever."""
    if because := book.repository.policy().why_frozen(now):
        raise RefusedError(f"frozen {because}")


def require_free_plan(book: Book, reading: Reading) -> None:
    """Raise `RefusedError` while another rollout is active, or when this one ended before.

    What was rolled back comes again as a new change.
    """
    key = str(reading.release.key)
    ended = [entry for end in ENDS for entry in reading.written(EntryKind.ROLLOUT, event=end)]
    if ended:
        raise RefusedError(f"{key} was {ended[-1].body['event']} before; open a new change")
    others = [active for active in book.active_rollouts() if active != key]
    if others:
        raise RefusedError(f"{key} waits: {others[0]} is still on its rollout plan")


def require_on_plan(book: Book, key: ReleaseKey) -> None:
    """Raise `RefusedError` unless the ledger has the release promoted and not over."""
    if str(key) not in book.active_rollouts():
        raise RefusedError(f"{key} is not on its rollout plan; promote it first")


def require_proven(reading: Reading, plan: RolloutPlan, stage: int) -> None:
    """Raise `RefusedError` unless promotion's gates, and the stage before's, still hold."""
    gates = list(BEFORE_PROMOTION)
    if stage:
        before = plan.stages[stage - 1]
        gates.append(of_stage(CANARY.gate, stage_key(stage - 1, before.traffic_pct)))
    reading.require_passed(gates)


def require_its_turn(key: ReleaseKey, rollout: Rollout | None, stage: int) -> None:
    """Raise `RefusedError` unless the rollout is in this canary stage, or ramps in the one before.

    Entering a stage again is allowed: a run that was killed finds its own work done (law 9).
    """
    wanted = f"canary stage {stage + 1} of {key} is not next"
    if rollout is None:
        if stage:
            raise RefusedError(f"{wanted}: no canary stage was entered yet")
        return
    is_before = (rollout.stage, rollout.state) == (stage - 1, RolloutState.RAMPING)
    states = {RolloutState.RAMPING, RolloutState.WATCHING}
    is_there = rollout.stage == stage and rollout.state in states
    if not is_before and not is_there:
        at = f"{str(rollout.state).replace('_', ' ')} in canary stage {rollout.stage + 1}"
        raise RefusedError(f"{wanted}: the rollout is {at}")
