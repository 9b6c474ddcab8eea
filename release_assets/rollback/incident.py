"""The incident of a rollback: what broke, how much was seen, how quickly it was taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg

from release_assets.control.rollouts import move
from release_assets.domain.errors import RefusedError
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.live.reaction import first_decidable_at
from release_assets.domain.live.traffic import LiveBatch
from release_assets.domain.release import Release
from release_assets.domain.rollout.machine import Rollout, RolloutState
from release_assets.pipeline import INCIDENT, RESTORATION, ROLLBACK
from release_assets.ports import ChangeTickets, Clock, LiveMetrics, ReleaseStore
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder


@evidence(INCIDENT, RESTORATION)
def incident(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    release_store: dg.ResourceParam[ReleaseStore],
    change_tickets: dg.ResourceParam[ChangeTickets],
    live_metrics: dg.ResourceParam[LiveMetrics],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Close a rollback, on the ticket and in the ledger."""
    release = recorder.release(context)
    recorder.book.of(release).require_passed([ROLLBACK.gate])
    rollout = release_store.rollout(str(release.key))
    if rollout is None:
        return _close_unused(context, recorder, change_tickets, release)
    breach = recorder.book.of(release).written(EntryKind.ROLLOUT, event=RolloutEvent.BREACHED)[-1]
    looks = release_store.looks(str(release.key))
    plan = recorder.repository.plan(release.key.feature, release.commit)
    decidable_at = first_decidable_at(looks, plan)
    last_call_at = live_metrics.last_call_at(release.digest)
    summary = _seen(rollout, looks) | {
        "because": breach.body["because"],
        "braked_at": breach.at.isoformat(),
        "decidable_at": decidable_at.isoformat() if decidable_at else None,
        "last_candidate_call_at": last_call_at.isoformat() if last_call_at else None,
        "reaction_s": _seconds(decidable_at, last_call_at),
        "decidable_to_brake_s": _seconds(decidable_at, breach.at),
    }
    headline = f"Rolled back from canary stage {rollout.stage + 1}"
    change_tickets.comment(str(release.key), headline, _story(summary), dedup=breach.digest)
    _close(recorder, release_store, release, rollout, summary, clock.now())
    return recorder.evidence(context, release, summary=summary, inputs={"breach": breach.digest})


def _close_unused(
    context: dg.AssetExecutionContext,
    recorder: Recorder,
    change_tickets: ChangeTickets,
    release: Release,
) -> dg.MaterializeResult[None]:
    """Close a rollout that was taken off its plan before it had a call."""
    if str(release.key) not in recorder.book.active_rollouts():
        raise RefusedError(f"{release.key} is not on its plan; there is nothing to close")
    because = "taken off its plan before it had a call"
    entry = recorder.book.write(
        EntryKind.ROLLOUT, {"event": RolloutEvent.ROLLED_BACK, "because": because}, release
    )
    change_tickets.comment(str(release.key), "Rolled back", because, dedup=entry.digest)
    return recorder.evidence(
        context, release, summary={"because": because}, inputs={"closed": entry.digest}
    )


def _seen(rollout: Rollout, looks: Sequence[LiveBatch]) -> dict[str, object]:
    """Return how much the canary stage had seen when it was cut."""
    mine = [batch for batch in looks if batch.stage == rollout.stage]
    return {
        "stage": rollout.stage + 1,
        "candidate_calls": sum(batch.candidate.requests for batch in mine),
        "replayed_pairs": sum(len(batch.pairs) for batch in mine),
    }


def _close(
    recorder: Recorder,
    store: ReleaseStore,
    release: Release,
    rollout: Rollout,
    summary: Mapping[str, object],
    now: datetime,
) -> None:
    """Close in the ledger first, then in the store: killed in between, the next run ends it."""
    because = str(summary["because"])
    if not recorder.book.of(release).written(EntryKind.ROLLOUT, event=RolloutEvent.ROLLED_BACK):
        closed = {"event": RolloutEvent.ROLLED_BACK, "because": because, "traffic_pct": 0}
        recorder.book.write(
            EntryKind.ROLLOUT, closed | {"reaction_s": summary["reaction_s"]}, release
        )
    if rollout.state is RolloutState.BRAKED:
        move(store, str(release.key), RolloutEvent.ROLLED_BACK, now=now, because=because)


def _seconds(decidable_at: datetime | None, last_call_at: datetime | None) -> float | None:
    """Return the time from the call that made the breach decidable to the last one answered."""
    if decidable_at is None or last_call_at is None:
        return None
    return round(max((last_call_at - decidable_at).total_seconds(), 0.0), 2)


def _story(summary: Mapping[str, object]) -> str:
    return (
        f"{summary['because']}\n\n"
        f"Seen on {summary['candidate_calls']} live calls and {summary['replayed_pairs']} replayed "
        f"pairs of canary stage {summary['stage']}; the brake was pulled at "
        f"{summary['braked_at']}. Code, prompts, model and index of the stable release answer "
        "again; the prompt pointer is back."
    )
