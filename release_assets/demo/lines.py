"""What a person sees of a story under way: canary stage, traffic, calls, evidence, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.demo.journey import Step
from release_assets.domain.live import judge as live_analysis
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import planned_stage

if TYPE_CHECKING:
    from release_assets.composition import Composition
    from release_assets.demo.journey import Journey
    from release_assets.domain.rollout.machine import Rollout


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """One line about one story."""

    release: str
    title: str
    where: str
    detail: str
    seconds: float
    is_over: bool


def sight(journey: Journey) -> Sight:
    """What is to be seen of a story now."""
    where, detail = str(journey.at), ""
    if journey.at is Step.ENDED:
        where, detail = str(journey.ended).replace("_", " "), journey.because
    elif journey.at in {Step.CANARY, Step.ROLLBACK}:
        where, detail = _canary(journey)
    elif journey.at in {Step.PRE_MERGE, Step.STAGING}:
        detail = _last_verdict(journey)
    return Sight(
        release=journey.story.release,
        title=journey.story.title,
        where=where,
        detail=detail,
        seconds=journey.seconds,
        is_over=journey.at is Step.ENDED,
    )


def _last_verdict(journey: Journey) -> str:
    entries = journey.world.ports.ledger.entries(
        release=journey.story.release, kinds=("verdict", "evidence")
    )
    if not entries:
        return "the sensor has not seen it yet"
    last = entries[-1].body
    if "gate" in last:
        return f"{last['gate'].partition('/')[2]}: {last['headline']}"
    return f"measured {last['name'].partition('/')[2]}"


def _canary(journey: Journey) -> tuple[str, str]:
    rollout = journey.world.ports.release_store.rollout(journey.story.release)
    if rollout is None:
        return "canary: being deployed", "no traffic yet"
    return _stage(journey.world, rollout), _evidence(journey.world, rollout)


def _stage(world: Composition, rollout: Rollout) -> str:
    plan = _plan(world, rollout)
    stage = planned_stage(rollout, plan)
    return (
        f"{rollout.state}, stage {stage.index + 1} of {len(plan.stages)}, {stage.traffic_pct:g} %"
    )


def _evidence(world: Composition, rollout: Rollout) -> str:
    plan = _plan(world, rollout)
    looks = [
        b for b in world.ports.release_store.looks(rollout.release) if b.stage == rollout.stage
    ]
    judgement = live_analysis.judge(world.watch.state(rollout, plan), plan)
    calls = sum(b.candidate.requests for b in looks)
    return (
        f"{calls} candidate calls, {judgement.scored} scored pairs; evidence against "
        f"{judgement.evidence_against:.2g} of {judgement.needed_against:g}, for "
        f"{judgement.evidence_for:.2g} of {judgement.needed_for:g}; {judgement.sentence}"
    )


def _plan(world: Composition, rollout: Rollout):  # noqa: ANN202  RolloutPlan
    release = world.book.repository.release(ReleaseKey.parse(rollout.release))
    return world.book.repository.plan(release.key.feature, release.commit)
