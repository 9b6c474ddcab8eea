"""What to do after a look at a canary stage: wait, advance, complete, brake or hold, and why.

Decides in the order breach > doubt > not enough > pass, since harm is never hidden by a doubt
about something else, and "no breach so far" never promotes (law 5). Refuses to know how
the look was judged (`live/judge.py`) and to move anything: raising traffic is a run with its
own gate, and only `hold` and `brake` may be acted on at once (law 3).

A stage ends by observed-healthy time **and** evidence **and** coverage, whether it proves or
guards; what passing takes in a guard stage, the judgement decides. Undecided at its longest time it
is held for a person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from release_assets.domain.errors import IllegalTransitionError, InputError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.machine import (
    Rollout,
    RolloutState,
    apply,
    event_of_entering,
    planned_stage,
    planned_traffic_pct,
)
from release_assets.domain.wording import time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan

COVERAGE_MIN = 0.9
LONGEST_LOOK = timedelta(seconds=60)  # a look vouches for at most the minute before it
SILENCE = timedelta(minutes=10)  # unobserved for so long, a person is called
_TRAFFIC_PCT_TOLERANCE = 1e-3


class StageAct(StrEnum):
    """The five answers."""

    WAIT = "wait"
    ADVANCE = "advance"
    COMPLETE = "complete"
    BRAKE = "brake"
    HOLD = "hold"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageObservation:
    """What a look saw.

    `outcome` and `sentence` are the judgement's. `traffic_pct` is the candidate's share at the
    router, None when the router could not be read; `allowed_pct` the share that a recorded intent
    to raise allows, where it is more than the stage's own. `coverage` is the share of the look
    windows since the stage was entered that were measured; `unseen` the time before `now`, beyond
    the known ingest delay, of which nothing was seen. `frozen` is why raising is stopped;
    `braking` is the sentence of a recorded intent to brake that the rollout does not show yet,
    since a write may be lost after the traffic was cut.
    """

    now: datetime
    outcome: Outcome
    sentence: str
    traffic_pct: float | None
    scored: int
    coverage: float
    unseen: timedelta = timedelta()
    allowed_pct: float | None = None
    frozen: str | None = None
    braking: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no comparison may see."""
        numbers = (self.traffic_pct, self.coverage, self.allowed_pct)
        if any(n is not None and not (math.isfinite(n) and n >= 0) for n in numbers):
            raise InputError(f"a look saw an impossible number among {numbers}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One answer; `event` is what happens to the rollout when it is carried out.

    `healthy` is the observed-healthy time with this look; `page` asks for a person; `is_frozen`
    means that nothing but a freeze window stands in the way.
    """

    act: StageAct
    because: str
    event: RolloutEvent | None
    healthy: timedelta
    page: bool = False
    is_frozen: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """A look in its place: all that the rules below ask about."""

    rollout: Rollout
    seen: StageObservation
    plan: RolloutPlan
    stage: CanaryStage
    healthy: timedelta


def advance(rollout: Rollout, observation: StageObservation, plan: RolloutPlan) -> Decision:
    """Return the answer of the first rule that has one; they are in order of precedence.

    Raises `IllegalTransitionError` for a rollout that is over.
    """
    if rollout.is_over:
        message = f"{rollout.release} is {rollout.state}; there is nothing to decide"
        raise IllegalTransitionError(message)
    look = _place(rollout, observation, plan)
    return next(decision for rule in _RULES if (decision := rule(look)))


def follow(rollout: Rollout, decision: Decision, *, now: datetime) -> Rollout:
    """Return the rollout once a decision has been carried out; the same without an event."""
    if decision.event is None:
        return rollout
    return apply(
        rollout, decision.event, now=now, because=decision.because, healthy=decision.healthy
    )


def note_look(rollout: Rollout, decision: Decision, *, now: datetime) -> Rollout:
    """Return the rollout with the time of this look, before a run carries out the decision."""
    return apply(
        rollout,
        RolloutEvent.LOOKED,
        now=now,
        because=decision.because,
        healthy=decision.healthy,
    )


def _place(rollout: Rollout, seen: StageObservation, plan: RolloutPlan) -> _Look:
    stage = planned_stage(rollout, plan)
    healthy = _healthy(rollout, seen, stage)
    return _Look(rollout=rollout, seen=seen, plan=plan, stage=stage, healthy=healthy)


def _healthy(rollout: Rollout, seen: StageObservation, stage: CanaryStage) -> timedelta:
    """Return the healthy time with this look; it grows by what was seen, never by what was not."""
    is_open = rollout.state in {RolloutState.RAMPING, RolloutState.WATCHING}
    is_harmed = seen.outcome is Outcome.FAILED and stage.mode == "enforce"
    if not is_open or is_harmed or seen.traffic_pct is None:
        return rollout.healthy
    since = rollout.last_look_at or rollout.stage_entered_at
    seen_time = min(seen.now - since, LONGEST_LOOK) - seen.unseen
    return rollout.healthy + max(seen_time, timedelta())


def _unfinished_brake(look: _Look) -> Decision | None:
    """Pull a brake that was begun to its end, even if the harm can no longer be seen."""
    if look.seen.braking is None or look.rollout.state is RolloutState.BRAKED:
        return None
    return _brake(look, look.seen.braking)


def _breach(look: _Look) -> Decision | None:
    if look.seen.outcome is not Outcome.FAILED or look.rollout.state is RolloutState.BRAKED:
        return None
    if look.stage.mode == "shadow":
        return None
    if look.plan.auto_rollback:
        return _brake(look, look.seen.sentence)
    return _hold(look, f"{look.seen.sentence}; the plan leaves the rollback to a person")


def _too_much_traffic(look: _Look) -> Decision | None:
    planned = planned_traffic_pct(look.rollout, look.plan)
    is_braked = look.rollout.state is RolloutState.BRAKED
    allowed = planned if is_braked else max(planned, look.seen.allowed_pct or 0.0)
    seen = look.seen.traffic_pct
    if seen is None or seen <= allowed + _TRAFFIC_PCT_TOLERANCE:
        return None
    return _brake(look, f"the router gives {seen:g} % where {allowed:g} % is allowed")


def _not_open(look: _Look) -> Decision | None:
    """Let braked and held rollouts wait: for the restoration, or for a person."""
    if look.rollout.state is RolloutState.BRAKED:
        return _decide(look, StageAct.WAIT, "braked; the restoration is under way", event=None)
    if look.rollout.state is RolloutState.HELD:
        return _wait(look, look.rollout.because)
    return None


def _foreign_plan(look: _Look) -> Decision | None:
    if look.rollout.plan_digest == look.plan.digest:
        return None
    return _hold(look, "the plan is not the one that the rollout began with")


def _too_little_traffic(look: _Look) -> Decision | None:
    seen, planned = look.seen.traffic_pct, look.stage.traffic_pct
    if seen is None or seen >= planned - _TRAFFIC_PCT_TOLERANCE:
        return None
    return _hold(look, f"the router gives {seen:g} % where {planned:g} % is planned")


def _doubt(look: _Look) -> Decision | None:
    """Wait while nothing is seen or the router is silent, and call a person when it lasts."""
    unseen = look.seen.unseen
    if unseen >= min(SILENCE, look.stage.longest) and unseen > LONGEST_LOOK:
        return _hold(look, f"nothing was seen for {time(unseen)}")
    if unseen > LONGEST_LOOK:
        return _wait(look, f"the last {time(unseen)} were not seen")
    if look.seen.traffic_pct is None:
        return _wait(look, "the router could not be read")
    return None


def _not_enough(look: _Look) -> Decision | None:
    """Wait for the time; then, while evidence is missing, up to the longest time."""
    if look.healthy < look.stage.duration:
        left = f"{time(look.healthy)} of {time(look.stage.duration)} observed healthy"
        return _wait(look, f"{left}; {look.seen.sentence}")
    missing = _missing(look)
    if missing and look.healthy >= look.stage.longest:
        return _hold(look, f"undecided after {time(look.healthy)}: {missing}")
    return _wait(look, missing) if missing else None


def _missing(look: _Look) -> str:
    """Return what the stage still lacks beside time, in words; empty when nothing."""
    needed = max(look.stage.min_samples, 1)
    if look.seen.scored < needed:
        return f"{look.seen.scored} of {needed} scored samples"
    if look.seen.coverage < COVERAGE_MIN:
        return f"{look.seen.coverage:.0%} of the look windows measured, {COVERAGE_MIN:.0%} wanted"
    if look.stage.mode == "enforce" and look.seen.outcome is not Outcome.PASSED:
        return f"not proven: {look.seen.sentence}"
    return ""


def _frozen(look: _Look) -> Decision | None:
    if not look.seen.frozen:
        return None
    return replace(_wait(look, f"frozen: {look.seen.frozen}"), is_frozen=True)


def _pass(look: _Look) -> Decision | None:
    because = f"{time(look.healthy)} observed healthy; {look.seen.sentence}"
    if look.stage.mode == "shadow" and look.seen.outcome is Outcome.FAILED:
        because = f"shadow stage, would have braked: {look.seen.sentence}"
    if look.stage is look.plan.stages[-1]:
        return _decide(look, StageAct.COMPLETE, because, event=RolloutEvent.COMPLETED)
    event = event_of_entering(look.plan, look.rollout.stage + 1)
    return _decide(look, StageAct.ADVANCE, because, event=event)


_RULES: tuple[Callable[[_Look], Decision | None], ...] = (
    _unfinished_brake,
    _breach,
    _too_much_traffic,
    _not_open,
    _foreign_plan,
    _too_little_traffic,
    _doubt,
    _not_enough,
    _frozen,
    _pass,
)


def _wait(look: _Look, because: str) -> Decision:
    return _decide(look, StageAct.WAIT, because, event=RolloutEvent.LOOKED)


def _hold(look: _Look, because: str) -> Decision:
    if look.rollout.state is RolloutState.HELD:  # it is held already; the person was called
        return _wait(look, because)
    return _decide(look, StageAct.HOLD, because, event=RolloutEvent.HELD, page=True)


def _brake(look: _Look, because: str) -> Decision:
    return _decide(look, StageAct.BRAKE, because, event=RolloutEvent.BREACHED, page=True)


def _decide(
    look: _Look, act: StageAct, because: str, *, event: RolloutEvent | None, page: bool = False
) -> Decision:
    return Decision(act=act, because=because, event=event, healthy=look.healthy, page=page)
