"""Watches the outbox: delivers notices at least once, and records each in the ledger."""

import dagster as dg

from release_assets.domain.errors import AdapterError, InputError
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.ports import Clock, Ledger, Notice, Notifier, ReleaseStore
from sensors.requesting import EVERY_TICK_S


@dg.sensor(
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=[],
)
def outbox(
    context: dg.SensorEvaluationContext,
    release_store: dg.ResourceParam[ReleaseStore],
    notifier: dg.ResourceParam[Notifier],
    ledger: dg.ResourceParam[Ledger],
    clock: dg.ResourceParam[Clock],
) -> dg.SkipReason:
    """Deliver what waits; what cannot be delivered waits on, and keeps nothing else waiting."""
    waiting = release_store.undelivered()
    for notice in waiting:
        try:
            notifier.deliver(notice)
        except (AdapterError, InputError) as exc:
            context.log.warning("a notice to %s was not delivered: %s", notice.channel, exc)
            continue
        ledger.append(EntryKind.NOTICE, _document(notice), at=clock.now(), release=notice.release)
        release_store.mark_delivered(notice.dedup)
    return dg.SkipReason(f"{len(waiting)} notices waited")


def _document(notice: Notice) -> dict[str, str]:
    return {
        "channel": notice.channel,
        "headline": notice.headline,
        "text": notice.text,
        "dedup": notice.dedup,
    }
