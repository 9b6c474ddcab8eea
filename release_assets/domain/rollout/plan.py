"""The rollout plan: ordered canary stages with their SLOs, read from the user's file.

Decides what each stage inherits (SLOs go forward and may only tighten) and what a plan must hold
to have teeth. Refuses to know what the plan can prove with its traffic (`planner.py`), which
metrics are emitted (`manifest_lint.py`) and what happens to a release on it (`rollout.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from release_assets.domain.documents import read_located
from release_assets.domain.errors import InputError
from release_assets.domain.release import digest_of_document
from release_assets.domain.rollout import plan_file
from release_assets.domain.rollout.slo import impossibility, read_slo_name

if TYPE_CHECKING:
    from release_assets.domain.documents import Lines

_MINUTE = timedelta(minutes=1)
_Identity = tuple[str | None, ...]


class SloKind(StrEnum):
    """Of a level itself, of a drop against stable, of a gap between groups."""

    LEVEL = "level"
    DRIFT = "drift"
    DELTA = "delta"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slo:
    """A bound on a live metric, by its wire name; `limit` and `tolerated` in the metric's unit.

    A breach is evidence of more than `tolerated` (half of the limit for drift and delta, the
    limit itself for levels), a proof is evidence within the limit (statistics rule 1). `subject`
    is the scorer or the slice key.
    """

    name: str
    metric: str
    kind: SloKind
    bound: Literal["max", "min"]
    limit: float
    tolerated: float
    aggregate: str | None = None
    subject: str | None = None
    inherited: bool = False

    @property
    def identity(self) -> _Identity:
        """What it bounds, however it is spelt: `p95_latency_ms` is `latency_p95_ms`."""
        return (self.metric, self.subject, self.aggregate, self.kind, self.bound)

    def loosens(self, earlier: Slo) -> bool:
        """Whether it allows what the same SLO of an earlier stage forbids."""
        return self.limit > earlier.limit if self.bound == "max" else self.limit < earlier.limit

    def document(self) -> dict[str, Any]:
        """The JSON form, as shown at sign-off."""
        shown = ("name", "limit", "tolerated", "inherited")
        return {name: getattr(self, name) for name in shown}


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryStage:
    """One traffic share with its SLOs, inheritance applied; `index` counts from 0.

    `duration` is the least observed-healthy time; zero at 100 %, where the plan's watch begins.
    A `proof` stage must prove its limits, a `guard` stage (the default of those before the last
    monitored one) what its traffic can prove. A breach in `shadow` mode is told, not acted on.
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

    def document(self) -> dict[str, Any]:
        """The JSON form, as shown at sign-off."""
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
    """The resolved plan; `watch` is the observed-healthy time at 100 % before it is stable."""

    stages: tuple[CanaryStage, ...]
    auto_rollback: bool
    notify: tuple[str, ...]
    watch: timedelta
    scoring_budget_per_hour: float | None = None

    @property
    def last_monitored(self) -> CanaryStage:
        """The last stage below 100 %: its proof opens full traffic."""
        return self.stages[-2]

    def document(self) -> dict[str, Any]:
        """The resolved plan, as shown at sign-off."""
        return {
            "canary_stages": [stage.document() for stage in self.stages],
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
    """Computed once a plan: every look asks for it, and it costs as much as the look."""
    return digest_of_document(plan.document())


def read_rollout_plan(text: str, *, file: str, allow_manual_rollback: bool = False) -> RolloutPlan:
    """Read a plan, or raise `InputError` or `UnknownWordError` with file and line.

    `allow_manual_rollback` is the policy's word, given with a reason, for the risk tier.
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
        watch=plan_file.watch_of(written, lines),
        scoring_budget_per_hour=written.scoring_budget_per_hour,
    )
    _require_teeth(plan, lines)
    return plan


def _resolve(written: plan_file.PlanFile, lines: Lines) -> tuple[CanaryStage, ...]:
    """Each stage with all it inherits."""
    stages = []
    in_force: dict[_Identity, tuple[Slo, int]] = {}
    for index, stage in enumerate(written.canary_stages):
        own = _own_slos(index, stage, lines)
        _require_tightening(index, in_force, own, lines)
        passed_on = {k: (replace(slo, inherited=True), line) for k, (slo, line) in in_force.items()}
        in_force = passed_on | own
        slos = tuple(slo for slo, _ in in_force.values())
        stages.append(_stage(index, stage, slos, len(written.canary_stages)))
    return tuple(stages)


def _own_slos(
    index: int, stage: plan_file.StageFile, lines: Lines
) -> dict[_Identity, tuple[Slo, int]]:
    own: dict[_Identity, tuple[Slo, int]] = {}
    for name, limit in stage.slos.items():
        line = lines.line("canary_stages", index, "slos", name)
        slo = _read_slo(name, limit, lines.file, line)
        if slo.identity in own:
            twin, first = own[slo.identity]
            message = f"'{name}' bounds what '{twin.name}' bounds already in line {first}"
            raise InputError(message, file=lines.file, line=line)
        own[slo.identity] = (slo, line)
    return own


def _read_slo(name: str, limit: float, file: str, line: int) -> Slo:
    said = read_slo_name(name, file=file, line=line)
    if impossible := impossibility(name, said, limit):
        raise InputError(impossible, file=file, line=line)
    kind = SloKind(said.kind)
    return Slo(
        name=name,
        metric=said.metric,
        kind=kind,
        bound=said.bound,
        limit=limit,
        tolerated=limit if kind is SloKind.LEVEL else limit / 2,
        aggregate=said.aggregate,
        subject=said.subject,
    )


def _require_tightening(
    index: int,
    earlier: dict[_Identity, tuple[Slo, int]],
    own: dict[_Identity, tuple[Slo, int]],
    lines: Lines,
) -> None:
    for identity, (slo, line) in own.items():
        before, first = earlier.get(identity, (slo, line))
        if slo.loosens(before):
            message = (
                f"canary stage {index + 1} loosens '{slo.name}' from {before.limit:g}"
                f" (line {first}) to {slo.limit:g}: a later stage may only tighten"
            )
            raise InputError(message, file=lines.file, line=line)


def _stage(
    index: int, stage: plan_file.StageFile, slos: tuple[Slo, ...], count: int
) -> CanaryStage:
    is_full, is_last_monitored = index == count - 1, index == count - 2
    longest = stage.max_duration_min
    return CanaryStage(
        index=index,
        traffic_pct=stage.traffic_pct,
        duration=timedelta() if is_full else timedelta(minutes=stage.duration_min or 0),
        max_duration=None if longest is None else timedelta(minutes=longest),
        slos=slos,
        min_samples=stage.min_samples,
        evidence="proof" if is_last_monitored else stage.evidence or "guard",
        mode=stage.mode,
    )


def _require_teeth(plan: RolloutPlan, lines: Lines) -> None:
    """Refuse a stage without any SLO, and full traffic without an eval-drift SLO before it."""
    bare = next((stage for stage in plan.stages if not stage.slos), None)
    if bare:
        message = f"canary stage {bare.index + 1} ({bare.traffic_pct:g} %) has no SLO"
        raise lines.error(message, "canary_stages", bare.index)
    drifts = [s for s in plan.last_monitored.slos if s.metric == "eval" and s.kind is SloKind.DRIFT]
    if not drifts:
        hint = "add one like 'eval_groundedness_drift_max: 0.04'"
        raise lines.error("no stage below 100 % has an eval-drift SLO", "canary_stages", hint=hint)
