"""Watches the ledger for sign-offs: requests the promotion of signed releases, one at a time.

Whether the quorum is complete, the promotion's own gate decides (law 3); here a yes is only a
reason to request the run. While another release is on its rollout plan, or in a freeze window,
nothing is requested.
"""

import dagster as dg

from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.sign_off.statement import is_yes
from release_assets.domain.triggers import Ready, next_promotion
from release_assets.jobs import JOBS, PROMOTE_RELEASE
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
    if active := book.active_rollouts():
        return dg.SkipReason(f"{active[0]} is on its rollout plan")
    if because := book.repository.policy().why_frozen(clock.now()):
        return dg.SkipReason(f"frozen {because}")
    if is_under_way(context, PROMOTE_RELEASE):
        return dg.SkipReason("a promotion is under way")
    ready, promoted = _signed(book), _promoted(book)
    requests, handled = next_promotion(ready, promoted, read_cursor(context))
    return result(requests, cursor=handled)


def _signed(book: Book) -> list[Ready]:
    """Return the signed releases in the order of the first yes, with the number of the last."""
    found: dict[tuple[str, str], int] = {}
    for entry in book.ledger.entries(kinds=(EntryKind.SIGN_OFF,)):
        if is_yes(entry.body):
            found[str(entry.release), str(entry.release_digest)] = entry.seq
    return [Ready(release=r, release_digest=d, signed=seq) for (r, d), seq in found.items()]


def _promoted(book: Book) -> set[str]:
    entries = book.ledger.entries(kinds=(EntryKind.ROLLOUT,))
    return {str(e.release_digest) for e in entries if e.event is RolloutEvent.PROMOTED}
