"""The rollout machine: what may happen to a release on its plan, and what happens next.

Rule 1: a rollout begins with `begin`, and everything that moves it is in the table `TRANSITIONS`;
`apply` only interprets it. An event that the table does not have raises, and nothing moves.
Rule 2: this file does not judge. What a look means for a stage, `decision.py` decides; here is
only what may follow what, and when the clock of a stage starts again.

Healthy time comes with looks alone: a controller that was down has seen nothing. The events are
those of the ledger (`ledger/kinds`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import IllegalTransitionError
from release_assets.domain.ledger.kinds import RolloutEvent

if TYPE_CHECKING:
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan


class RolloutState(StrEnum):
    """Where a rollout is; COMPLETE and ROLLED_BACK are the ends."""

    RAMPING = "ramping"
    HELD = "held"
    WATCHING = "watching"
    COMPLETE = "complete"
    BRAKED = "braked"
    ROLLED_BACK = "rolled_back"


_S, _E = RolloutState, RolloutEvent

# A brake can be pulled again in BRAKED: the router may give traffic to a braked candidate.
# A held rollout is still looked at and still braked; only a person lets it go on.
TRANSITIONS: dict[RolloutState, dict[RolloutEvent, RolloutState]] = {
    _S.RAMPING: {
        _E.LOOKED: _S.RAMPING,
        _E.STAGE_ENTERED: _S.RAMPING,
        _E.FULL_TRAFFIC_REACHED: _S.WATCHING,
        _E.HELD: _S.HELD,
        _E.BREACHED: _S.BRAKED,
    },
    _S.HELD: {
        _E.LOOKED: _S.HELD,
        _E.RESUMED: _S.RAMPING,
        _E.WATCH_RESUMED: _S.WATCHING,
        _E.BREACHED: _S.BRAKED,
    },
    _S.WATCHING: {
        _E.LOOKED: _S.WATCHING,
        _E.COMPLETED: _S.COMPLETE,
        _E.HELD: _S.HELD,
        _E.BREACHED: _S.BRAKED,
    },
    _S.BRAKED: {
        _E.BREACHED: _S.BRAKED,
        _E.ROLLED_BACK: _S.ROLLED_BACK,
    },
    _S.COMPLETE: {},
    _S.ROLLED_BACK: {},
}
_ENTERS_A_STAGE = {_E.STAGE_ENTERED, _E.FULL_TRAFFIC_REACHED}
_STARTS_THE_CLOCK = _ENTERS_A_STAGE | {_E.RESUMED, _E.WATCH_RESUMED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """One execution of a plan; `stage` counts from 0, `healthy` is observed time in this stage.

    `version` counts up with each event, so that two controllers cannot both write. `because` is
    the sentence of the last event.
    """

    release: str
    release_digest: str
    stable_release: str
    stable_digest: str
    plan_digest: str
    state: RolloutState
    stage: int
    stage_entered_at: datetime
    healthy: timedelta
    last_look_at: datetime | None
    because: str
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether no event can follow."""
        return not TRANSITIONS[self.state]

    def document(self) -> dict[str, Any]:
        """Return the JSON form, without floats, for the store and the ledger."""
        looked = self.last_look_at
        return {
            "release": self.release,
            "release_digest": self.release_digest,
            "stable_release": self.stable_release,
            "stable_digest": self.stable_digest,
            "plan_digest": self.plan_digest,
            "state": self.state.value,
            "stage": self.stage,
            "stage_entered_at": self.stage_entered_at.isoformat(),
            "healthy_ms": self.healthy // timedelta(milliseconds=1),
            "last_look_at": looked.isoformat() if looked else None,
            "because": self.because,
            "version": self.version,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Rollout:
        """Read what `document` wrote."""
        looked = document["last_look_at"]
        read = {
            "state": RolloutState(document["state"]),
            "stage_entered_at": datetime.fromisoformat(document["stage_entered_at"]),
            "healthy": timedelta(milliseconds=document["healthy_ms"]),
            "last_look_at": datetime.fromisoformat(looked) if looked else None,
        }
        kept = {key: value for key, value in document.items() if key != "healthy_ms"}
        return cls(**(kept | read))


def begin(
    *,
    release: str,
    release_digest: str,
    stable_release: str,
    stable_digest: str,
    plan: RolloutPlan,
    now: datetime,
    because: str,
    stage: int = 0,
) -> Rollout:
    """Put a release on its plan; the emergency path begins at a later stage than the first."""
    return Rollout(
        release=release,
        release_digest=release_digest,
        stable_release=stable_release,
        stable_digest=stable_digest,
        plan_digest=plan.digest,
        state=RolloutState.RAMPING,
        stage=stage,
        stage_entered_at=now,
        healthy=timedelta(),
        last_look_at=None,
        because=because,
    )


def apply(
    rollout: Rollout,
    event: RolloutEvent,
    *,
    now: datetime,
    because: str,
    healthy: timedelta | None = None,
) -> Rollout:
    """Return the rollout after an event; raises `IllegalTransitionError`, and nothing moves."""
    try:
        state = TRANSITIONS[rollout.state][event]
    except KeyError as exc:
        message = f"{rollout.release} is {rollout.state}; '{event}' cannot happen to it"
        raise IllegalTransitionError(message) from exc
    after = replace(rollout, state=state, because=because, version=rollout.version + 1)
    if event is RolloutEvent.LOOKED:
        grown = rollout.healthy if healthy is None else healthy
        return replace(after, last_look_at=now, healthy=grown)
    if event in _STARTS_THE_CLOCK:
        stage = rollout.stage + (event in _ENTERS_A_STAGE)
        return replace(
            after, stage=stage, stage_entered_at=now, healthy=timedelta(), last_look_at=None
        )
    return after


def planned_stage(rollout: Rollout, plan: RolloutPlan) -> CanaryStage:
    """Return the canary stage that a rollout is in; of a plan not its own, the nearest."""
    return plan.stages[min(rollout.stage, len(plan.stages) - 1)]


def planned_traffic_pct(rollout: Rollout, plan: RolloutPlan) -> float:
    """Return the share of traffic that the candidate must have now, by the rollout."""
    if rollout.state in {RolloutState.BRAKED, RolloutState.ROLLED_BACK}:
        return 0.0
    return planned_stage(rollout, plan).traffic_pct


def event_of_entering(plan: RolloutPlan, stage: int) -> RolloutEvent:
    """Return the event of raising traffic to a later stage: the last one is all traffic."""
    is_last = stage == len(plan.stages) - 1
    return RolloutEvent.FULL_TRAFFIC_REACHED if is_last else RolloutEvent.STAGE_ENTERED


def resuming_event(rollout: Rollout, plan: RolloutPlan) -> RolloutEvent:
    """Return the event of letting a held rollout go on; its stage starts again from zero."""
    is_full = rollout.stage == len(plan.stages) - 1
    return RolloutEvent.WATCH_RESUMED if is_full else RolloutEvent.RESUMED


def state_after(event: RolloutEvent) -> RolloutState | None:
    """Return the state to which the table moves a rollout on an event, whatever it was in.

    None where the table does not have the event, or moves different states to different ones.
    """
    states = {moves[event] for moves in TRANSITIONS.values() if event in moves}
    return states.pop() if len(states) == 1 else None


def ends_rollout(event: RolloutEvent) -> bool:
    """Whether nothing can follow an event: the rollout is complete, or rolled back."""
    state = state_after(event)
    return state is not None and not TRANSITIONS[state]


def diagram() -> str:
    """Return the table as text, one arrow a line; docs/rollout.md shows it, a test compares."""
    rows = [(s, e, to) for s, events in TRANSITIONS.items() for e, to in events.items()]
    left = max(len(s) for s in RolloutState)
    middle = max(len(event) for _, event, _ in rows)
    arrows = [f"{s:<{left}} --{e:-<{middle}}--> {to}" for s, e, to in rows]
    ends = [f"{s:<{left}} (the end)" for s, events in TRANSITIONS.items() if not events]
    return "\n".join(arrows + ends)
