"""Turns the domain's requests into Dagster's, with the partitions that they need.

A request is not made while a run of the same is under way. Why a run is wanted, and how often it is
attempted, `domain/triggers.py` decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import dagster as dg

from release_assets.domain.triggers import CONCLUDE_STAGE, ENTER_STAGE, next_attempt
from release_assets.partitions import RELEASES, STAGES, canary_stage_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.triggers import Request

    StageKeys = Mapping[str, Sequence[str]]  # release to the keys of its canary stages

EVERY_TICK_S = 3  # Dagster's sensor daemon looks every five seconds or so, whatever is asked
_STAGED = {ENTER_STAGE, CONCLUDE_STAGE}
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
    dg.DagsterRunStatus.SUSPENDED,
]


def result(
    requests: Sequence[Request],
    *,
    cursor: Mapping[str, str] | None = None,
    stages: StageKeys | None = None,
) -> dg.SensorResult:
    """Return what a tick answers: its run requests, the partitions they need, and the cursor."""
    added = [RELEASES.build_add_request(sorted({r.release for r in requests}))]
    named = {key for r in requests if (key := _stage_key(r, stages or {}))}
    if named:
        added.append(STAGES.build_add_request(sorted(named)))
    return dg.SensorResult(
        run_requests=[_run_request(r, _partition(r, stages or {})) for r in requests],
        dynamic_partitions_requests=added if requests else None,
        cursor=json.dumps(dict(cursor), sort_keys=True) if cursor is not None else None,
    )


def read_cursor(context: dg.SensorEvaluationContext) -> dict[str, str]:
    """Return the cursor that `result` wrote."""
    cursor: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
    return cursor


def unless_under_way(
    context: dg.SensorEvaluationContext, requests: Sequence[Request], stages: StageKeys
) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    """Return the requests to make, and those that were tried too often and need a person.

    One with an unfinished run is neither.
    """
    asked, given_up = [], []
    for request in requests:
        partition = str(_partition(request, stages))
        ended, unfinished = _runs(context.instance, request.action, partition)
        if unfinished:
            continue
        if attempt := next_attempt(request, ended):
            asked.append(attempt)
        else:
            given_up.append(request)
    return tuple(asked), tuple(given_up)


def is_under_way(context: dg.SensorEvaluationContext, job: str) -> bool:
    """Whether a run of this job has not ended."""
    unfinished = dg.RunsFilter(job_name=job, statuses=UNFINISHED)
    return context.instance.get_runs_count(unfinished) > 0


def _runs(instance: dg.DagsterInstance, job: str, partition: str) -> tuple[int, int]:
    tags = {"dagster/partition": partition}
    every = instance.get_runs_count(dg.RunsFilter(job_name=job, tags=tags))
    unfinished = instance.get_runs_count(
        dg.RunsFilter(job_name=job, tags=tags, statuses=UNFINISHED)
    )
    return every - unfinished, unfinished


def _run_request(request: Request, partition: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=request.run_key,
        job_name=request.action,
        partition_key=partition,
        tags=dict(request.tags),
    )


def _partition(request: Request, stages: StageKeys) -> str:
    key = _stage_key(request, stages)
    return canary_stage_key(request.release, key) if key else request.release


def _stage_key(request: Request, stages: StageKeys) -> str | None:
    """Return the key of the canary stage that a request is about, if it is about one."""
    if request.action not in _STAGED or request.stage is None:
        return None
    return stages[request.release][request.stage]
