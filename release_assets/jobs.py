"""All jobs: what sensors request and people launch.

All run in one process (a process per step costs about five CPU seconds). Those that touch
production are never retried by the engine, since resuming is a person's decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from release_assets.domain.triggers import (
    COMPLETE_RELEASE,
    CONCLUDE_STAGE,
    ENTER_STAGE,
    PROMOTE_RELEASE,
    REPORT_FAILED_PHASE,
    ROLL_BACK_RELEASE,
    RUN_PRE_MERGE,
    RUN_STAGING,
)
from release_assets.pipeline import (
    COMPLETION,
    FAILURE_REPORT,
    INCIDENT,
    LIVE_SCORES,
    PRE_MERGE,
    RESTORATION,
    ROLLOUT,
    SIGN_OFF,
    STAGE_OUTCOMES,
    STAGE_TRAFFIC,
    STAGING,
)
from release_assets.records.declare import key

if TYPE_CHECKING:
    from collections.abc import Mapping

PHASE_TAG = "countersign/failed_phase"
RUN_TAG = "countersign/failed_run"

_ONCE = {"dagster/max_retries": "0"}


def _job(
    name: str, description: str, selection: dg.AssetSelection, tags: Mapping[str, str] = _ONCE
) -> dg.unresolved.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=selection,
        description=description,
        tags=dict(tags),
        executor_def=dg.in_process_executor,
    )


def _assets(*names: str) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*(key(n) for n in names))


_ALL = (
    _job(RUN_PRE_MERGE, PRE_MERGE.question, dg.AssetSelection.groups(PRE_MERGE.name)),
    _job(RUN_STAGING, STAGING.question, dg.AssetSelection.groups(STAGING.name)),
    _job(
        PROMOTE_RELEASE,
        "Who says yes? Then onto the rollout plan; without the quorum it is refused.",
        dg.AssetSelection.groups(SIGN_OFF.name) | _assets(ROLLOUT),
    ),
    _job(ENTER_STAGE, "Raise traffic to a canary stage.", _assets(STAGE_TRAFFIC)),
    _job(
        CONCLUDE_STAGE,
        "Is this canary stage proven?",
        _assets(LIVE_SCORES, STAGE_OUTCOMES),
    ),
    _job(COMPLETE_RELEASE, "Make the release the stable one.", _assets(COMPLETION)),
    _job(
        ROLL_BACK_RELEASE,
        "After the brake: is everything back?",
        _assets(RESTORATION, INCIDENT),
    ),
    _job(
        REPORT_FAILED_PHASE,
        "What follows when a phase did not pass.",
        _assets(FAILURE_REPORT),
    ),
)

JOBS = {job.name: job for job in _ALL}
