"""What a person sees of a story under way: phase, canary stage, traffic, calls, evidence, in words.

Decides the wording of the demo's live lines; refuses to know whether they go to a table or a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.live.judge import judge
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import planned_stage
from release_assets.pipeline import CANARY, ROLLBACK

if TYPE_CHECKING:
    from release_assets.composition import Composition
    from release_assets.demo.journey import Journey
    from release_assets.domain.finding import Outcome
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.rollout.plan import RolloutPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryLine:
    """One line about one story; `outcome` is None until it has ended."""

    release: str
    where: str
    detail: str
    seconds: float
    outcome: Outcome | None


def line_of(journey: Journey) -> StoryLine:
    """Return what is to be seen of a story now."""
    where, detail = _where(journey)
    return StoryLine(
        release=journey.story.release,
        where=where,
        detail=detail,
        seconds=journey.seconds,
        outcome=journey.ending.outcome if journey.ending else None,
    )


def _where(journey: Journey) -> tuple[str, str]:
    if journey.ending is not None:
        return journey.ending.in_words, journey.ending.because
    if journey.started_at is None:
        return "waiting for the stories before it", ""
    if journey.phase in {CANARY, ROLLBACK}:
        return _canary(journey)
    phase = journey.phase
    return f"{phase.name.replace('_', '-')}: {phase.question}", _newest_result(journey)


def _newest_result(journey: Journey) -> str:
    """Return the newest verdict or evidence of the phase that is awaited, in words."""
    kinds = (EntryKind.VERDICT, EntryKind.EVIDENCE)
    entries = journey.world.ports.ledger.entries(release=journey.story.release, kinds=kinds)
    results = [_result(e) for e in entries if _name(e).startswith(f"{journey.phase.name}/")]
    return results[-1] if results else "no result yet"


def _name(entry: Entry) -> str:
    return str(entry.body["gate" if entry.kind is EntryKind.VERDICT else "name"])


def _result(entry: Entry) -> str:
    what = _name(entry).partition("/")[2].replace("_", " ")
    is_verdict = entry.kind is EntryKind.VERDICT
    return f"{what}: {entry.body['headline']}" if is_verdict else f"measured {what}"


def _canary(journey: Journey) -> tuple[str, str]:
    world = journey.world
    rollout = world.ports.release_store.rollout(journey.story.release)
    if rollout is None:
        return "canary: being deployed", "no traffic yet"
    plan = _plan(world, rollout)
    return _stage(rollout, plan), _evidence(world, rollout, plan)


def _stage(rollout: Rollout, plan: RolloutPlan) -> str:
    stage = planned_stage(rollout, plan)
    place = f"canary stage {stage.index + 1} of {len(plan.stages)}"
    return f"{place}, {stage.traffic_pct:g} % of traffic: {rollout.state.replace('_', ' ')}"


def _evidence(world: Composition, rollout: Rollout, plan: RolloutPlan) -> str:
    looks = world.ports.release_store.looks(rollout.release)
    calls = sum(b.candidate.requests for b in looks if b.stage == rollout.stage)
    judged = judge(world.watch.state(rollout, plan), plan)
    against = f"{judged.evidence_against:.2g} ({judged.needed_against:g} needed)"
    in_favour = f"{judged.evidence_for:.2g} ({judged.needed_for:g} needed)"
    return (
        f"{calls} candidate calls, {judged.scored} scored pairs; evidence of a breach {against}, "
        f"of no harm {in_favour}; {judged.sentence}"
    )


def _plan(world: Composition, rollout: Rollout) -> RolloutPlan:
    release = world.book.repository.release(ReleaseKey.parse(rollout.release))
    return world.book.repository.plan(release.key.feature, release.commit)
