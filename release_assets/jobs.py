"""Every button: the jobs that sensors request and people launch.

All run in one process (a process per step costs about five CPU seconds). Those that touch
production are never retried by the engine, since resuming is a person's decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from release_assets.pipeline import (
    COMPLETION,
    FAILURE_REPORT,
    INCIDENT,
    LIVE_SCORES,
    RESTORATION,
    ROLLOUT,
    STAGE_OUTCOMES,
    STAGE_TRAFFIC,
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


RUN_PRE_MERGE = "run_pre_merge"
RUN_STAGING = "run_staging"
PROMOTE_RELEASE = "promote_release"
ENTER_STAGE = "enter_stage"
CONCLUDE_STAGE = "conclude_stage"
COMPLETE_RELEASE = "complete_release"
ROLL_BACK_RELEASE = "roll_back_release"
REPORT_FAILED_PHASE = "report_failed_phase"

_ALL = (
    _job(RUN_PRE_MERGE, "May this change merge?", dg.AssetSelection.groups("pre_merge")),
    _job(RUN_STAGING, "As good as main, at full length?", dg.AssetSelection.groups("staging")),
    _job(
        PROMOTE_RELEASE,
        "Who says yes? Then onto the rollout plan; without the quorum it ends as 'needs sign-off'.",
        dg.AssetSelection.groups("sign_off") | _assets(ROLLOUT),
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
