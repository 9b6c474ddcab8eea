"""Watches rollouts: requests the run that the next step up needs, by what the last look decided.

The first stage after a promotion, the gate of a stage that may advance, the next stage after its
gate, completion after the watch, the restoration after a brake. Judges nothing and reads no router:
a decision counts as long as `LookDecision.why_stale` allows, and the run that it leads to checks
its gates anew. A run that is under way is not requested again; one that ended without what it was
for is, up to `triggers.MOST_ATTEMPTS` times in all, and then a person is paged. In a freeze window
nothing is requested to rise.
"""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from release_assets.control.notices import named_by_plan, page
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import Rollout, RolloutState
from release_assets.domain.triggers import (
    COMPLETE_RELEASE,
    CONCLUDE_STAGE,
    ENTER_STAGE,
    MOST_ATTEMPTS,
    ROLL_BACK_RELEASE,
    Request,
    next_run,
)
from release_assets.jobs import JOBS
from release_assets.partitions import stage_key
from release_assets.ports import Clock, ReleaseStore
from release_assets.records.book import Book
from sensors.requesting import EVERY_TICK_S, result, unless_under_way

_ACTIONS = (ENTER_STAGE, CONCLUDE_STAGE, COMPLETE_RELEASE, ROLL_BACK_RELEASE)
_JUDGED = (RolloutState.RAMPING, RolloutState.WATCHING)  # in all others, looks open nothing


@dg.sensor(
    jobs=[JOBS[action] for action in _ACTIONS],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def stage_progress(
    context: dg.SensorEvaluationContext,
    book: dg.ResourceParam[Book],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.SensorResult:
    """Request the next run of every rollout."""
    now, active = clock.now(), release_store.active_rollouts()
    wanted = [_next(context, book, release_store, rollout, now) for rollout in active]
    known = {rollout.release for rollout in active}
    waiting = [r for r in book.active_rollouts() if r not in known]
    wanted += [_enter_first(r) for r in waiting if release_store.rollout(r) is None]
    allowed = _unless_frozen(book, [w for w in wanted if w], now)
    stages = {r: _stage_keys(book, r) for r in {w.release for w in allowed}}
    requests, given_up = unless_under_way(context, allowed, stages)
    for request in given_up:
        _page(book, release_store, request, now)
    return result(requests, stages=stages)


def _next(
    context: dg.SensorEvaluationContext,
    book: Book,
    store: ReleaseStore,
    rollout: Rollout,
    now: datetime,
) -> Request | None:
    if rollout.state not in _JUDGED:
        return next_run(rollout, None, is_stage_proven=False)
    decision = store.decision(rollout.release)
    if decision and (why := decision.why_stale(rollout, now)):
        context.log.info("%s waits for the next look: %s", rollout.release, why)
        decision = None
    return next_run(rollout, decision, is_stage_proven=_is_proven(book, rollout))


def _is_proven(book: Book, rollout: Rollout) -> bool:
    """Whether the ledger has it that this stage passed its gate."""
    release, plan = book.repository.planned(ReleaseKey.parse(rollout.release))
    stage = plan.stages[rollout.stage]
    key = stage_key(stage.index, stage.traffic_pct)
    return bool(
        book.of(release).written(EntryKind.ROLLOUT, event=RolloutEvent.STAGE_PROVEN, stage=key)
    )


def _enter_first(release: str) -> Request:
    key = f"{ENTER_STAGE}:{release}:0"
    return Request(action=ENTER_STAGE, release=release, stage=0, run_key=key)


def _unless_frozen(book: Book, wanted: Sequence[Request], now: datetime) -> Sequence[Request]:
    """Leave out what raises traffic in a freeze window, which may have begun after the look."""
    raises = any(w.action == ENTER_STAGE for w in wanted)
    if raises and book.repository.policy().why_frozen(now):
        return [w for w in wanted if w.action != ENTER_STAGE]
    return wanted


def _stage_keys(book: Book, release: str) -> tuple[str, ...]:
    _, plan = book.repository.planned(ReleaseKey.parse(release))
    return tuple(stage_key(s.index, s.traffic_pct) for s in plan.stages)


def _page(book: Book, store: ReleaseStore, request: Request, now: datetime) -> None:
    """Page everybody whom the plan names, once for each run key."""
    release, _ = book.repository.planned(ReleaseKey.parse(request.release))
    because = (
        f"{MOST_ATTEMPTS} runs of {request.action} ended without it; it is not tried again."
        " Read the last of them in the Dagster UI, remove the cause and launch the job by hand."
    )
    what, dedup = f"needs {request.action}, which keeps failing", f"given_up:{request.run_key}"
    channels = named_by_plan(book, release)
    page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)
