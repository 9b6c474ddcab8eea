"""The decision that a look led to, as it is stored with the look, and when it counts no more.

A sensor requests runs by it and judges nothing again. Refuses to know how the decision was made
(`decision.py`), and to raise traffic: the run that it leads to checks everything anew (law 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.rollout.decision import LONGEST_LOOK, StageAct
from release_assets.domain.wording import time

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.domain.rollout.decision import Decision
    from release_assets.domain.rollout.machine import Rollout


@dataclass(frozen=True, kw_only=True, slots=True)
class LookDecision:
    """What a look at `at` decided about a rollout in canary stage `stage`, counted from 0.

    `rollout_version` is the version of the rollout that was looked at. `is_frozen` says that
    nothing but a freeze window stands in the way of passing the stage.
    """

    at: datetime
    stage: int
    rollout_version: int
    act: StageAct
    because: str
    is_frozen: bool = False

    @classmethod
    def of(cls, rollout: Rollout, decision: Decision, *, at: datetime) -> LookDecision:
        """Return what is stored of a decision about this rollout."""
        return cls(
            at=at,
            stage=rollout.stage,
            rollout_version=rollout.version,
            act=decision.act,
            because=decision.because,
            is_frozen=decision.is_frozen,
        )

    @property
    def passes_its_stage(self) -> bool:
        """Whether the stage is over; passing it takes a run with a gate, even in a freeze."""
        return self.act in {StageAct.ADVANCE, StageAct.COMPLETE} or self.is_frozen

    def why_stale(self, rollout: Rollout, now: datetime) -> str | None:
        """Return why this must not be acted upon now, or None while it may.

        A look vouches for a minute, for one stage, and for the rollout that it left: one version
        later, with the look itself as the last event. Another event in its place (a person's hold,
        another controller's look) has the same version, but not the time of this look.
        """
        if now < self.at:
            return "the newest look is later than now: a clock was set back"
        if now - self.at > LONGEST_LOOK:
            return f"the newest look is {time(now - self.at)} old, more than {time(LONGEST_LOOK)}"
        if self.stage != rollout.stage:
            return f"the newest look was at canary stage {self.stage + 1}, not {rollout.stage + 1}"
        if (self.rollout_version + 1, self.at) != (rollout.version, rollout.last_look_at):
            return "the rollout has moved since the newest look, or does not show it yet"
        return None
