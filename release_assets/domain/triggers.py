"""From observations to requests: which run a sensor requests, and under which run key.

A run key names one request: the same key again requests nothing. Sensors keep no other memory than
the cursor returned here, which Dagster stores together with the requests (a tick that was killed
midway is repeated).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.machine import RolloutState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from release_assets.domain.people.change import Change
    from release_assets.domain.rollout.look_decision import LookDecision
    from release_assets.domain.rollout.machine import Rollout

# The jobs, by the names that Dagster shows and that requests carry.
RUN_PRE_MERGE = "run_pre_merge"
RUN_STAGING = "run_staging"
PROMOTE_RELEASE = "promote_release"
ENTER_STAGE = "enter_stage"
CONCLUDE_STAGE = "conclude_stage"
COMPLETE_RELEASE = "complete_release"
ROLL_BACK_RELEASE = "roll_back_release"
REPORT_FAILED_PHASE = "report_failed_phase"

MOST_REQUESTS_A_TICK = 10
MOST_ATTEMPTS = 5  # runs of a rollout for one purpose, those by hand too; then a person is paged


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A run to request: which job, for which release (and canary stage index), with its tags."""

    action: str
    release: str
    run_key: str
    stage: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A release with a sign-off; `signed` is the ledger number of the newest yes."""

    release: str
    release_digest: str
    signed: int


def new_heads(
    changes: Iterable[Change], handled: Mapping[str, str]
) -> tuple[tuple[Request, ...], dict[str, str]]:
    """Return requests for open changes whose head is new, and the cursor after them."""
    fresh = [c for c in changes if not c.is_merged and handled.get(str(c.number)) != c.head]
    return _requests(RUN_PRE_MERGE, [(c, c.head) for c in fresh], handled)


def new_merges(
    changes: Iterable[Change], handled: Mapping[str, str]
) -> tuple[tuple[Request, ...], dict[str, str]]:
    """Return requests for merged changes that are new, and the cursor after them."""
    merged = [(c, c.merge.commit) for c in changes if c.merge]
    fresh = [(c, commit) for c, commit in merged if handled.get(str(c.number)) != commit]
    return _requests(RUN_STAGING, fresh, handled)


def _requests(
    action: str, wanted: Sequence[tuple[Change, str]], handled: Mapping[str, str]
) -> tuple[tuple[Request, ...], dict[str, str]]:
    now = wanted[:MOST_REQUESTS_A_TICK]
    requests = tuple(_request(action, change, commit) for change, commit in now)
    return requests, dict(handled) | {str(change.number): commit for change, commit in now}


def _request(action: str, change: Change, commit: str) -> Request:
    release = str(ReleaseKey(change.feature, change.number))
    tags = {"countersign/commit": commit, "countersign/author": change.author}
    return Request(
        action=action, release=release, run_key=f"{action}:{release}:{commit[:12]}", tags=tags
    )


def next_promotion(
    ready: Iterable[Ready], promoted: Collection[str], handled: Mapping[str, str]
) -> tuple[tuple[Request, ...], dict[str, str]]:
    """Return a request for the first signed-off release that is new, and the cursor after it.

    `ready` is in the order of the sign-offs, `promoted` holds digests. Each further sign-off
    requests again, since it may complete the quorum; a refused release does not block the next.
    """
    for one in ready:
        key = f"promote_release:{one.release}:{one.signed}"
        if one.release_digest not in promoted and handled.get(one.release) != key:
            request = Request(action=PROMOTE_RELEASE, release=one.release, run_key=key)
            return (request,), dict(handled) | {one.release: key}
    return (), dict(handled)


def next_run(
    rollout: Rollout, decision: LookDecision | None, *, is_stage_proven: bool
) -> Request | None:
    """Return the run that a rollout needs now, or None.

    A stage that may advance is concluded through its gate first; only then is the next entered.
    Without a decision that counts, only what rests on the rollout and the ledger is asked for.
    """
    wanted = _wanted(rollout, decision, is_stage_proven=is_stage_proven)
    if wanted is None:
        return None
    action, stage = wanted
    key = f"{action}:{rollout.release}:{stage}"
    return Request(action=action, release=rollout.release, stage=stage, run_key=key)


def _wanted(
    rollout: Rollout, decision: LookDecision | None, *, is_stage_proven: bool
) -> tuple[str, int] | None:
    if rollout.state is RolloutState.BRAKED:
        return ROLL_BACK_RELEASE, rollout.stage
    is_passed = decision is not None and decision.passes_its_stage
    if rollout.state is RolloutState.WATCHING:
        return (COMPLETE_RELEASE, rollout.stage) if is_passed else None
    if rollout.state is RolloutState.RAMPING and is_stage_proven:
        return ENTER_STAGE, rollout.stage + 1
    return (CONCLUDE_STAGE, rollout.stage) if is_passed else None


def next_attempt(request: Request, ended: int) -> Request | None:
    """Return the request for one more run after `ended` of them, None when that is too many.

    The run key counts the runs that ended, so that each attempt is requested once.
    """
    if ended >= MOST_ATTEMPTS:
        return None
    return replace(request, run_key=f"{request.run_key}:{ended}")
