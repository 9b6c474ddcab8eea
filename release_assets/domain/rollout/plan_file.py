"""The user's rollout file as it is written: its keys, and the rules that need no inheritance.

Decides that traffic rises to 100 %, that times are given and make sense, and that a rollback is
automatic unless the policy allows otherwise. What stages inherit, `plan.py` decides.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from release_assets.domain.documents import FileRecord

if TYPE_CHECKING:
    from release_assets.domain.documents import Lines

WATCH = timedelta(minutes=60)
Minutes = Annotated[float, Field(gt=0, le=525_600)]  # a year: longer is a typing error


class NoticeTarget(FileRecord):
    """One entry of `on_rollback_notify`: a Slack channel or person, or a pager."""

    slack: Annotated[str, Field(min_length=1)] | None = None
    pager: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> NoticeTarget:
        if (self.slack is None) == (self.pager is None):
            raise ValueError("must name one of 'slack' or 'pager'")
        return self

    @property
    def channel(self) -> str:
        """`slack:#ai-platform-incidents`, as notices carry it."""
        return f"slack:{self.slack}" if self.slack else f"pager:{self.pager}"


class StageFile(FileRecord):
    """One entry of `canary_stages`."""

    traffic_pct: Annotated[float, Field(gt=0, le=100)]
    duration_min: Minutes | None = None
    max_duration_min: Minutes | None = None
    slos: dict[str, float] = Field(default_factory=dict)
    min_samples: Annotated[int, Field(ge=0)] = 0
    evidence: Literal["proof", "guard"] | None = None
    mode: Literal["enforce", "shadow"] = "enforce"


class PlanFile(FileRecord):
    """The whole file."""

    canary_stages: Annotated[list[StageFile], Field(min_length=1)]
    auto_rollback: bool = True
    on_rollback_notify: list[NoticeTarget] = Field(default_factory=list)
    watch_min: Minutes | None = None
    scoring_budget_per_hour: Annotated[float, Field(gt=0)] | None = None


def require_rising_traffic(written: PlanFile, lines: Lines) -> None:
    """Refuse falling or repeated traffic, and a plan that does not climb to 100 %."""
    before = 0.0
    for index, stage in enumerate(written.canary_stages):
        if stage.traffic_pct <= before:
            verb = "repeats" if stage.traffic_pct == before else f"falls from {before:g} % to"
            message = f"canary stage {index + 1} {verb} {stage.traffic_pct:g} %: traffic must rise"
            raise lines.error(message, "canary_stages", index, "traffic_pct")
        before = stage.traffic_pct
    if before < 100:
        message = f"the last canary stage has {before:g} %: no stage reaches 100 %"
        at = ("canary_stages", len(written.canary_stages) - 1, "traffic_pct")
        raise lines.error(message, *at, hint="add '- traffic_pct: 100'")
    if len(written.canary_stages) == 1:
        raise lines.error("no canary stage lies below 100 %", "canary_stages", 0, "traffic_pct")


def require_times(written: PlanFile, lines: Lines) -> None:
    """Refuse a stage below 100 % without duration, and a longest time below the shortest."""
    watch_min = watch_of(written, lines) / timedelta(minutes=1)
    for index, stage in enumerate(written.canary_stages):
        if stage.duration_min is None and stage.traffic_pct < 100:
            message = f"canary stage {index + 1} ({stage.traffic_pct:g} %) has no 'duration_min'"
            raise lines.error(message, "canary_stages", index)
        least = stage.duration_min or watch_min
        if stage.max_duration_min is not None and stage.max_duration_min < least:
            message = (
                f"'max_duration_min' must be at least {least:g}, the time that the stage takes"
            )
            raise lines.error(message, "canary_stages", index, "max_duration_min")


def require_automatic_rollback(written: PlanFile, lines: Lines) -> None:
    """Refuse `auto_rollback: false`; the caller asks only where the policy does not allow it."""
    if not written.auto_rollback:
        hint = "set it to true, or let policy.yaml allow it for the tier, with a reason"
        raise lines.error("'auto_rollback: false' is not allowed", "auto_rollback", hint=hint)


def require_enforced_proof(written: PlanFile, lines: Lines) -> None:
    """Refuse a last monitored stage that proves nothing: full traffic opens by its proof."""
    index = len(written.canary_stages) - 2
    stage = written.canary_stages[index]
    for key, word in (("evidence", "guard"), ("mode", "shadow")):
        if getattr(stage, key) == word:
            message = f"'{key}: {word}' is not for the last stage before 100 %: it must prove"
            raise lines.error(message, "canary_stages", index, key)


def watch_of(written: PlanFile, lines: Lines) -> timedelta:
    """Return how long full traffic is watched: `watch_min`, or the 100 % stage's own duration."""
    index = len(written.canary_stages) - 1
    own = written.canary_stages[index].duration_min
    if own is not None and written.watch_min is not None:
        message = "both 'watch_min' and a duration at 100 % are given; they mean the same"
        raise lines.error(message, "canary_stages", index, "duration_min", hint="keep 'watch_min'")
    minutes = written.watch_min if own is None else own
    return WATCH if minutes is None else timedelta(minutes=minutes)
