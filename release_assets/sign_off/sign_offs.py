"""The signatures on this release: is the quorum complete, by people who may say yes?

Each signature is verified again, and each binding compared with the release as it stands now: one
eval that ran again takes the sign-offs away (seed: release-manager sign-off).
"""

import dagster as dg

from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.release import Release
from release_assets.domain.sign_off.quorum import judge_sign_offs, read_sign_offs
from release_assets.pipeline import SIGN_OFF
from release_assets.ports import Clock
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Records
from release_assets.sign_off.promotion import promotion_of


@evidence("sign_off", "staging/gate", kinds=("ssh",))
def sign_offs(
    context: dg.AssetExecutionContext, records: dg.ResourceParam[Records]
) -> dg.MaterializeResult:
    """The sign-offs that the ledger holds for this release digest."""
    release = records.release(context)
    read, _ = read_sign_offs(records.written(release, "sign_off"))
    said = [
        {
            "person": s.statement.person,
            "role": s.statement.role.value,
            "decision": s.statement.decision.value,
            "statement": s.statement.digest,
            "ledger_entry": s.seq,
        }
        for s in read
    ]
    return records.evidence(
        context, release, summary={"sign_offs": said}, inputs={"release": release.digest}
    )


@claim(SIGN_OFF)
def quorum_is_complete(
    context: dg.AssetCheckExecutionContext,
    records: dg.ResourceParam[Records],
    clock: dg.ResourceParam[Clock],
) -> dg.AssetCheckResult:
    """Every role of the risk tier said yes, by another person each, and nobody said no."""

    def rule(release: Release, _: Entry) -> tuple[Finding, ...]:
        read, unreadable = read_sign_offs(records.written(release, "sign_off"))
        promotion = promotion_of(records, release)
        return (*judge_sign_offs(read, promotion, now=clock.now()).findings, *unreadable)

    return records.judge(context, rule)
