"""The incident of a rollback: what broke, how much was seen, how quickly it was taken back."""

from datetime import datetime

import dagster as dg

from release_assets.declaring import evidence
from release_assets.domain.errors import RefusedError
from release_assets.domain.reaction import first_decidable_at
from release_assets.domain.rollout import RolloutEvent, RolloutState
from release_assets.ports import ChangeTickets, Clock, LiveMetrics, ReleaseStore
from release_assets.records import Records
from release_assets.rollouts import move


@evidence("rollback", "rollback/restoration")
def incident(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    release_store: dg.ResourceParam[ReleaseStore],
    change_tickets: dg.ResourceParam[ChangeTickets],
    live_metrics: dg.ResourceParam[LiveMetrics],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult:
    """The record that closes a rollback, on the ticket and in the ledger."""
    release = records.release(context)
    records.require_passed(release, ["rollback/everything_is_back"])
    rollout = release_store.rollout(str(release.key))
    if rollout is None:
        raise RefusedError(f"{release.key} was never on its plan; there is nothing to close")
    breach = records.written(release, "rollout", event="breached")[-1]
    every = release_store.looks(str(release.key))
    looks = [b for b in every if b.stage == rollout.stage]
    plan = records.repository.plan(release.key.feature, release.commit)
    decidable_at = first_decidable_at(every, plan)
    last_call_at = live_metrics.last_call_at(release.digest)
    summary = {
        "because": breach.body["because"],
        "braked_at": breach.at.isoformat(),
        "stage": rollout.stage + 1,
        "candidate_calls": sum(b.candidate.requests for b in looks),
        "replayed_pairs": sum(len(b.pairs) for b in looks),
        "decidable_at": decidable_at.isoformat() if decidable_at else None,
        "last_candidate_call_at": last_call_at.isoformat() if last_call_at else None,
        "reaction_s": _seconds(decidable_at, last_call_at),
    }
    change_tickets.comment(
        str(release.key),
        f"Rolled back from canary stage {rollout.stage + 1}",
        _story(summary),
        dedup=breach.digest,
    )
    if rollout.state is RolloutState.BRAKED:
        event, because = RolloutEvent.RESTORED, str(summary["because"])
        move(release_store, str(release.key), event, now=clock.now(), because=because)
        closed = {"event": "rolled_back", "because": because, "traffic_pct": 0}
        closed["reaction_s"] = summary["reaction_s"]
        records.write("rollout", closed, release)
    return records.evidence(context, release, summary=summary, inputs={"breach": breach.digest})


def _seconds(decidable_at: datetime | None, last_call_at: datetime | None) -> float | None:
    """From the call that made the breach decidable to the last that the candidate answered."""
    if decidable_at is None or last_call_at is None:
        return None
    return round(max((last_call_at - decidable_at).total_seconds(), 0.0), 2)


def _story(summary: dict[str, object]) -> str:
    return (
        f"{summary['because']}\n\n"
        f"Seen on {summary['candidate_calls']} live calls and {summary['replayed_pairs']} replayed "
        f"pairs of canary stage {summary['stage']}; the brake was pulled at "
        f"{summary['braked_at']}. Code, prompts, model and index of the stable release answer "
        "again; the prompt pointer is back."
    )
