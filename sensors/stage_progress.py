"""Watches rollouts: asks for the run that the next step up needs, after the last look.

The first stage after a promotion, the gate of a stage that may advance, the next stage after its
gate, completion after the watch, the paperwork after a brake. A run that is on its way is not
asked for again; one that died is, a few times, and then a person is paged. In a freeze window
nothing is asked to rise.
"""

import dagster as dg

from release_assets.control.notices import named_by_plan, page
from release_assets.control.watch import Watch
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import Rollout
from release_assets.domain.rollout.plan import RolloutPlan
from release_assets.domain.triggers import Request, next_run
from release_assets.jobs import (
    COMPLETE_RELEASE,
    CONCLUDE_STAGE,
    ENTER_STAGE,
    JOBS,
    ROLL_BACK_RELEASE,
)
from release_assets.partitions import stage_key
from release_assets.ports import Clock, ReleaseStore
from release_assets.records.book import Book
from sensors.requesting import EVERY_TICK_S, MOST_ATTEMPTS, result, unless_on_its_way

_ACTIONS = (ENTER_STAGE, CONCLUDE_STAGE, COMPLETE_RELEASE, ROLL_BACK_RELEASE)


@dg.sensor(
    jobs=[JOBS[action] for action in _ACTIONS],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def stage_progress(
    context: dg.SensorEvaluationContext,
    book: dg.ResourceParam[Book],
    watch: dg.ResourceParam[Watch],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.SensorResult:
    """The next run of every rollout."""
    active = release_store.active_rollouts()
    wanted = [_next(book, watch, rollout) for rollout in active]
    wanted += [_enter_first(r) for r in book.active_rollouts() if release_store.rollout(r) is None]
    is_frozen = book.repository.policy().why_frozen(clock.now()) is not None
    asked = [w for w in wanted if w and not (is_frozen and w.action == ENTER_STAGE)]
    stages = {r: _stage_keys(book, r) for r in {w.release for w in asked}}
    requests, given_up = unless_on_its_way(context, asked, stages)
    for request in given_up:
        _page(book, release_store, request, clock)
    return result(requests, stages=stages)


def _page(book: Book, store: ReleaseStore, request: Request, clock: Clock) -> None:
    """Tell everybody whom the plan names, once for each run key."""
    release = book.repository.release(ReleaseKey.parse(request.release))
    because = (
        f"{MOST_ATTEMPTS} runs of {request.action} ended without it; nothing is tried any more."
        " Read the last of them in the Dagster UI, mend the cause and launch the job by hand."
    )
    what, dedup = f"needs {request.action}, which keeps failing", f"given_up:{request.run_key}"
    channels, now = named_by_plan(book, release), clock.now()
    page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)


def _next(book: Book, watch: Watch, rollout: Rollout) -> Request | None:
    plan = _plan(book, rollout.release)
    at = rollout.last_look_at or rollout.stage_entered_at
    decision = watch.conclude(rollout, plan, watch.state(rollout, plan), at).decision
    return next_run(rollout, decision, is_stage_proven=_is_proven(book, rollout, plan))


def _is_proven(book: Book, rollout: Rollout, plan: RolloutPlan) -> bool:
    release = book.repository.release(ReleaseKey.parse(rollout.release))
    stage = plan.stages[rollout.stage]
    key = stage_key(stage.index, stage.traffic_pct)
    return bool(book.of(release).written("rollout", event="stage_proven", stage=key))


def _enter_first(release: str) -> Request:
    key = f"{ENTER_STAGE}:{release}:0"
    return Request(action=ENTER_STAGE, release=release, stage=0, run_key=key)


def _stage_keys(book: Book, release: str) -> tuple[str, ...]:
    return tuple(stage_key(s.index, s.traffic_pct) for s in _plan(book, release).stages)


def _plan(book: Book, release: str) -> RolloutPlan:
    found = book.repository.release(ReleaseKey.parse(release))
    return book.repository.plan(found.key.feature, found.commit)
