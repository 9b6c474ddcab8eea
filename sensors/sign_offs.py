"""Watches the ledger for sign-offs: requests the promotion of signed releases, one at a time.

Whether the quorum is complete, the promotion's own gate decides (law 3); here a yes is only a
reason to request the run. While another release is on its rollout plan, or in a freeze window,
nothing is requested.
"""

import dagster as dg

from release_assets.domain.triggers import PROMOTE_RELEASE, Ready, next_promotion
from release_assets.jobs import JOBS
from release_assets.ports import Clock
from release_assets.records.book import Book
from sensors.requesting import EVERY_TICK_S, is_under_way, read_cursor, result


@dg.sensor(
    job=JOBS[PROMOTE_RELEASE],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def sign_offs(
    context: dg.SensorEvaluationContext,
    book: dg.ResourceParam[Book],
    clock: dg.ResourceParam[Clock],
) -> dg.SensorResult | dg.SkipReason:
    """Request the promotion of the next release that is signed and not on its plan yet."""
    production = book.production()
    if production.active:
        return dg.SkipReason(f"{production.active[0]} is on its rollout plan")
    if because := book.repository.policy().why_frozen(clock.now()):
        return dg.SkipReason(f"frozen {because}")
    if is_under_way(context, PROMOTE_RELEASE):
        return dg.SkipReason("a promotion is under way")
    ready = [
        Ready(release=r, release_digest=d, signed=n) for (r, d), n in production.signed.items()
    ]
    requests, handled = next_promotion(ready, production.promoted, read_cursor(context))
    return result(requests, cursor=handled)
