"""Watches the ledger for sign-offs: a release with a yes asks to be promoted, one at a time.

Whether the quorum is complete, the promotion's own gate decides; here a yes is only a reason to
ask (a launch is a request, DESIGN section 4.3).
"""

import dagster as dg

from release_assets.domain.triggers import next_promotion
from release_assets.jobs import JOBS, PROMOTE_RELEASE
from release_assets.ports import Ledger, ReleaseStore
from sensors.requesting import EVERY_TICK_S, result


@dg.sensor(
    job=JOBS[PROMOTE_RELEASE],
    minimum_interval_seconds=EVERY_TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def sign_offs(
    ledger: dg.ResourceParam[Ledger], release_store: dg.ResourceParam[ReleaseStore]
) -> dg.SensorResult:
    """Releases that somebody signed and that are not on their plan yet."""
    entries = ledger.entries(kinds=("sign_off", "rollout"))
    signed = [e for e in entries if e.kind == "sign_off"]
    yes = [e for e in signed if e.body["statement"]["predicate"]["decision"] == "yes"]
    promoted = [e.release_digest for e in entries if e.kind == "rollout"]
    ready = tuple(dict.fromkeys((str(e.release), str(e.release_digest)) for e in yes))
    active = release_store.active_rollouts()
    return result(next_promotion(ready, active, [str(d) for d in promoted]))
