"""The rollout plan: ordered canary stages with their SLOs, read from the user's file.

Decides what each stage inherits (SLOs go forward and may only tighten) and what a plan must hold
to be able to stop a release. Refuses to know what the plan can prove with its traffic (`planning`),
which metrics are emitted (`files/manifest_lint.py`) and what happens to a release on it
(`machine.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from release_assets.domain.documents import read_located
from release_assets.domain.errors import InputError
from release_assets.domain.release import digest_of_document
from release_assets.domain.rollout import plan_file
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.rollout.slo import Slo, read_slo

if TYPE_CHECKING:
    from release_assets.domain.documents import Lines

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryStage:
    """One traffic share with its SLOs, inheritance applied; `index` counts from 0.

    `duration` is the least observed-healthy time; that of the stage at 100 % is the watch.
    A `proof` stage must prove its limits, a `guard` stage (the default of those before the last
    monitored one) what its traffic can prove. A breach in `shadow` mode is reported, not acted on.
    """

    index: int
    traffic_pct: float
    duration: timedelta
    slos: tuple[Slo, ...]
    max_duration: timedelta | None = None
    min_samples: int = 0
    evidence: Literal["proof", "guard"] = "proof"
    mode: Literal["enforce", "shadow"] = "enforce"

    @property
    def longest(self) -> timedelta:
        """Healthy time after which an undecided stage is held: one extension unless written."""
        return self.max_duration or 2 * self.duration

    @property
    def least_calls(self) -> int:
        """The calls after which it can be judged: one, unless more are written."""
        return max(1, self.min_samples)

    def document(self) -> dict[str, Any]:
        """Return the JSON form, as shown at sign-off."""
        return {
            "traffic_pct": self.traffic_pct,
            "duration_min": self.duration / _MINUTE,
            "max_duration_min": self.longest / _MINUTE,
            "min_samples": self.min_samples,
            "evidence": self.evidence,
            "mode": self.mode,
            "slos": [slo.document() for slo in self.slos],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutPlan:
    """The resolved plan; its last stage is the one at 100 %."""

    stages: tuple[CanaryStage, ...]
    auto_rollback: bool
    notify: tuple[str, ...]
    scoring_budget_per_hour: float | None = None

    @property
    def watch(self) -> timedelta:
        """The observed-healthy time at 100 % before the release is stable."""
        return self.stages[-1].duration

    @property
    def last_monitored(self) -> CanaryStage:
        """The last stage below 100 %: its proof opens full traffic."""
        return self.stages[-2]

    def document(self) -> dict[str, Any]:
        """Return the resolved plan, as shown at sign-off."""
        # The digest of this document is in sign-offs of years ago, so the stage at 100 % goes on
        # showing what it showed then: no duration but the one of `watch_min`.
        *below, full = self.stages
        written = (full.max_duration or timedelta()) / _MINUTE
        at_full = full.document() | {"duration_min": 0.0, "max_duration_min": written}
        return {
            "canary_stages": [*(stage.document() for stage in below), at_full],
            "auto_rollback": self.auto_rollback,
            "on_rollback_notify": list(self.notify),
            "watch_min": self.watch / _MINUTE,
            "scoring_budget_per_hour": self.scoring_budget_per_hour,
        }

    @property
    def digest(self) -> str:
        """Equal for two files that mean the same."""
        return _digest_of(self)


@lru_cache(maxsize=64)
def _digest_of(plan: RolloutPlan) -> str:
    """Return the digest, computed once a plan: it costs as much as a look, which asks for it."""
    return digest_of_document(plan.document())


def read_rollout_plan(text: str, *, file: str, allow_manual_rollback: bool = False) -> RolloutPlan:
    """Read a plan, or raise `InputError` or `UnknownWordError` with file and line.

    `allow_manual_rollback` is what the policy allows the risk tier, with a reason.
    """
    located = read_located(text, plan_file.PlanFile, file=file)
    written, lines = located.record, located.lines
    plan_file.require_rising_traffic(written, lines)
    plan_file.require_times(written, lines)
    plan_file.require_enforced_proof(written, lines)
    if not allow_manual_rollback:
        plan_file.require_automatic_rollback(written, lines)
    plan = RolloutPlan(
        stages=_resolve(written, lines),
        auto_rollback=written.auto_rollback,
        notify=tuple(target.channel for target in written.on_rollback_notify),
        scoring_budget_per_hour=written.scoring_budget_per_hour,
    )
    _require_brakes(plan, lines)
    return plan


def _resolve(written: plan_file.PlanFile, lines: Lines) -> tuple[CanaryStage, ...]:
    """Return each stage with all it inherits."""
    watch = plan_file.watch_of(written, lines)
    stages = []
    in_force: dict[str, tuple[Slo, int]] = {}
    for index, stage in enumerate(written.canary_stages):
        own = _own_slos(index, stage, lines)
        _require_tightening(index, in_force, own, lines)
        passed_on = {k: (replace(slo, inherited=True), line) for k, (slo, line) in in_force.items()}
        in_force = passed_on | own
        resolved = _stage(index, stage, watch, tuple(slo for slo, _ in in_force.values()))
        stages.append(resolved)
    last_monitored = replace(stages[-2], evidence="proof")
    return (*stages[:-2], last_monitored, stages[-1])


def _own_slos(index: int, stage: plan_file.StageFile, lines: Lines) -> dict[str, tuple[Slo, int]]:
    """Return the SLOs that a stage writes itself, by group, each with its line."""
    own: dict[str, tuple[Slo, int]] = {}
    for name, limit in stage.slos.items():
        line = lines.line("canary_stages", index, "slos", name)
        slo = read_slo(name, limit, file=lines.file, line=line)
        if slo.group in own:
            twin, first = own[slo.group]
            message = f"'{name}' bounds what '{twin.name}' bounds already in line {first}"
            raise InputError(message, file=lines.file, line=line)
        own[slo.group] = (slo, line)
    return own


def _require_tightening(
    index: int,
    earlier: dict[str, tuple[Slo, int]],
    own: dict[str, tuple[Slo, int]],
    lines: Lines,
) -> None:
    for group, (slo, line) in own.items():
        before, first = earlier.get(group, (slo, line))
        if slo.loosens(before):
            message = (
                f"canary stage {index + 1} loosens '{slo.name}' from {before.limit:g}"
                f" (line {first}) to {slo.limit:g}: a later stage may only tighten"
            )
            raise InputError(message, file=lines.file, line=line)


def _stage(
    index: int, stage: plan_file.StageFile, watch: timedelta, slos: tuple[Slo, ...]
) -> CanaryStage:
    longest, is_full = stage.max_duration_min, stage.traffic_pct == 100
    return CanaryStage(
        index=index,
        traffic_pct=stage.traffic_pct,
        duration=watch if is_full else timedelta(minutes=stage.duration_min or 0),
        max_duration=None if longest is None else timedelta(minutes=longest),
        slos=slos,
        min_samples=stage.min_samples,
        evidence=stage.evidence or "guard",
        mode=stage.mode,
    )


def _require_brakes(plan: RolloutPlan, lines: Lines) -> None:
    """Refuse a stage without any SLO, and full traffic without an eval-drift SLO before it."""
    bare = next((stage for stage in plan.stages if not stage.slos), None)
    if bare:
        message = f"canary stage {bare.index + 1} ({bare.traffic_pct:g} %) has no SLO"
        raise lines.error(message, "canary_stages", bare.index)
    if not any(slo.metric.counted is Counted.DROP for slo in plan.last_monitored.slos):
        hint = "add one like 'eval_groundedness_drift_max: 0.04'"
        raise lines.error("no stage below 100 % has an eval-drift SLO", "canary_stages", hint=hint)
