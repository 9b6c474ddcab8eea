"""A phase whose run failed: the merge stays blocked or staging is rolled back; people are notified.

The verdicts are in the ledger already; here is what follows from them. A run that crashed without
a verdict is reported as a crash (law 2: a crash is never a verdict).
"""

import dagster as dg

from release_assets.control.notices import author_of, page
from release_assets.domain.errors import InputError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.release import Release, ReleaseKey
from release_assets.domain.verdict import conclude
from release_assets.jobs import PHASE_TAG, RUN_TAG
from release_assets.pipeline import (
    CHANGE,
    EVAL_RESULTS,
    FAILURE_REPORT,
    PHASES,
    PRE_MERGE,
    PRE_MERGE_GATE,
    STAGING,
    Phase,
)
from release_assets.ports import (
    ChangeTickets,
    Clock,
    Deployer,
    Environment,
    GitHost,
    ReleaseStore,
)
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder
from release_assets.records.show import findings_table


@evidence(FAILURE_REPORT, CHANGE)
def failure_report(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    git_host: dg.ResourceParam[GitHost],
    deployer: dg.ResourceParam[Deployer],
    change_tickets: dg.ResourceParam[ChangeTickets],
    release_store: dg.ResourceParam[ReleaseStore],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Record what stopped the release, block or take back, and notify the author."""
    try:
        release = recorder.release(context)
    except InputError as exc:
        return _unreadable(context, recorder, git_host, release_store, clock, exc)
    phase = next(p for p in PHASES if p.name == context.run.tags[PHASE_TAG])
    failed_run = context.run.tags[RUN_TAG]
    findings = _findings(recorder, release, phase, failed_run)
    verdict = conclude(phase.gate, findings)
    entry = recorder.verdict(release, verdict, [], failed_run)
    if phase is PRE_MERGE:
        git_host.post_status(release.commit, "pre-merge", verdict)
    if phase is STAGING:
        deployer.retire(release.digest, Environment.STAGING)
        taken_back = {"event": RolloutEvent.STAGING_ROLLED_BACK, "because": verdict.headline}
        recorder.book.write(EntryKind.ROLLOUT, taken_back, release)
    what = f"did not pass {phase.name.replace('_', '-')}"
    text = f"{verdict.headline}\n\n{findings_table(findings)}\n{_lost_cases(recorder, release)}"
    headline = f"{release.key} {what}"
    change_tickets.comment(str(release.key), headline, text, dedup=entry.digest)
    page(
        release_store,
        release.key,
        [f"slack:@{author_of(recorder.book, release.key)}"],
        what=what,
        because=f"{verdict.headline}\n{_lost_cases(recorder, release)}",
        dedup=f"failure:{failed_run}",
        now=clock.now(),
    )
    summary = {"phase": phase.name, "because": verdict.headline, "failed_run": failed_run}
    return recorder.evidence(context, release, summary=summary, inputs={"run": failed_run})


def _unreadable(
    context: dg.AssetExecutionContext,
    recorder: Recorder,
    git_host: GitHost,
    release_store: ReleaseStore,
    clock: Clock,
    error: InputError,
) -> dg.MaterializeResult[None]:
    """Block a change whose manifest cannot be read, and send its author the line."""
    key = ReleaseKey.parse(context.partition_key)
    because = str(error)
    finding = Finding(rule="manifest_can_be_read", outcome=Outcome.FAILED, because=because)
    verdict = conclude(PRE_MERGE_GATE, [finding])
    git_host.post_status(recorder.repository.commit_of(key), "pre-merge", verdict)
    body = verdict.document() | {"act": "pre_merge", "because": because}
    now = clock.now()
    entry = recorder.book.ledger.append(EntryKind.REFUSAL, body, at=now, release=str(key))
    page(
        release_store,
        key,
        [f"slack:@{author_of(recorder.book, key)}"],
        what="cannot be read",
        because=because,
        dedup=entry.digest,
        now=now,
    )
    metadata = {"because": because, "ledger_entry": str(entry.seq), "ledger_digest": entry.digest}
    return dg.MaterializeResult(metadata=metadata)


def _findings(
    recorder: Recorder, release: Release, phase: Phase, failed_run: str
) -> tuple[Finding, ...]:
    """Return what did not pass in that run; a claim without a verdict is inconclusive."""
    judged = {
        gate: entry
        for gate, entry in recorder.book.of(release).verdicts.items()
        if entry.body["run_id"] == failed_run
    }
    found = [f for gate in phase.verdicts if gate in judged for f in _not_passed(judged[gate])]
    silent = [gate for gate in phase.verdicts if gate not in judged]
    return (*found, *(_crashed(gate, failed_run) for gate in silent))


def _not_passed(entry: Entry) -> list[Finding]:
    findings = [Finding.read(document) for document in entry.body["findings"]]
    return [f for f in findings if f.outcome is not Outcome.PASSED]


def _crashed(gate: str, failed_run: str) -> Finding:
    because = f"{gate} reached no verdict in run {failed_run[:8]}; read its log"
    return Finding(rule=gate, outcome=Outcome.INCONCLUSIVE, because=because)


def _lost_cases(recorder: Recorder, release: Release) -> str:
    results = recorder.book.of(release).written(EntryKind.EVIDENCE, name=EVAL_RESULTS)
    lost = results[-1].body["summary"].get("lost", []) if results else []
    return f"Lost cases: {', '.join(lost)}" if lost else ""
