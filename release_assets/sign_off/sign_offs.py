"""The signatures on this release: is the quorum complete, by people who may say yes?

Each signature that the evidence names is verified again, and each binding compared with the release
as it is now: one eval that ran again takes the sign-offs away.
"""

from collections.abc import Sequence

import dagster as dg

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import Release
from release_assets.domain.sign_off.quorum import judge_sign_offs, read_sign_offs
from release_assets.pipeline import SIGN_OFF, SIGN_OFFS, STAGING_GATE
from release_assets.ports import Clock
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.sign_off.promotion import promotion_of


@evidence(SIGN_OFFS, STAGING_GATE, kinds=("ssh",))
def sign_offs(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record which sign-offs the ledger holds for this release digest."""
    release = recorder.release(context)
    entries = recorder.book.of(release).written(EntryKind.SIGN_OFF)
    signed = [
        {
            "person": s.statement.person,
            "role": s.statement.role.value,
            "decision": s.statement.decision.value,
            "statement": s.statement.digest,
            "ledger_entry": s.seq,
        }
        for s in read_sign_offs(entries)[0]
    ]
    summary = {"sign_offs": signed, "ledger_entries": [entry.seq for entry in entries]}
    return recorder.evidence(context, release, summary=summary, inputs={"release": release.digest})


@claim(SIGN_OFF)
def quorum_is_complete(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    clock: dg.ResourceParam[Clock],
) -> dg.AssetCheckResult:
    """Every role of the risk tier said yes, by another person each, and nobody said no."""

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        entries = recorder.book.of(release).written(EntryKind.SIGN_OFF)
        named = set(found.body["summary"]["ledger_entries"])
        read, unreadable = read_sign_offs([e for e in entries if e.seq in named])
        promotion = promotion_of(recorder.book, release)
        judged = judge_sign_offs(read, promotion, now=clock.now()).findings
        return (*judged, *unreadable, *_later([e for e in entries if e.seq not in named]))

    return recorder.judge(context, rule)


def _later(entries: Sequence[Entry]) -> tuple[Finding, ...]:
    """Leave the quorum open while a sign-off is not in the evidence: it may be a no."""
    return tuple(
        Finding(
            rule="every_sign_off_is_in_the_evidence",
            outcome=Outcome.INCONCLUSIVE,
            because=f"sign-off {entry.seq} came after the evidence; run promote_release again",
        )
        for entry in entries
    )
