"""Writes what a run measured and judged into the ledger, and shows it in Dagster.

The ledger decides, Dagster shows (law 1): every materialisation carries the number and digest of
its ledger entry and pins the materialisations it was made from, so that lineage in the UI is the
audit trail. Knows nothing of any phase; questions are the book's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from release_assets.domain.evals.rows import Evidence
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import ReleaseKey
from release_assets.domain.verdict import Verdict, conclude
from release_assets.records.show import check_result, evidence_name, gate_name, materialisation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from release_assets.domain.finding import Finding
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.ports import EvidenceStore
    from release_assets.records.book import Book
    from release_assets.records.repository import FeatureRepository
    from release_assets.records.suite_run import SuiteRun


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Evidence and verdicts of the release that a run is about.

    `paired` holds suite runs by the digest of their table until they are judged.
    """

    book: Book
    evidence_store: EvidenceStore
    paired: dict[str, SuiteRun] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def repository(self) -> FeatureRepository:
        """The feature repository that the book is about."""
        return self.book.repository

    def release(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Release:
        """Return the release that the partition of this run names."""
        partition = context.partition_key
        if isinstance(partition, dg.MultiPartitionKey):
            partition = partition.keys_by_dimension["release"]
        return self.repository.release(ReleaseKey.parse(partition))

    def evidence(
        self,
        context: dg.AssetExecutionContext,
        release: Release,
        *,
        summary: Mapping[str, Any],
        inputs: Mapping[str, str],
        table: str | None = None,
    ) -> dg.MaterializeResult[None]:
        """Record what an asset measured; `table` is the digest of the rows in the store."""
        evidence = Evidence(
            name=evidence_name(context.asset_key, context.partition_key),
            release=str(release.key),
            release_digest=release.digest,
            measured_at=self.book.clock.now(),
            run_id=context.run.run_id,
            summary=summary,
            inputs=inputs,
            table=table,
        )
        entry = self.book.write(EntryKind.EVIDENCE, evidence.document(), release)
        return materialisation(context, entry, release, summary)

    def rows(self, entry: Entry) -> Sequence[Mapping[str, Any]]:
        """Return the table that an evidence entry names, verified against its digest."""
        return self.evidence_store.get(entry.body["table"])

    def comparable_rows(
        self, name: str, release: Release, inputs: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        """Return the newest table about this digest that was measured with the same inputs.

        Under whatever key: main's digest may have been measured as an earlier release.
        """
        entries = self.book.ledger.entries(
            release_digest=release.digest, kinds=(EntryKind.EVIDENCE,)
        )
        same = [e for e in entries if e.body["name"] == name and e.body["inputs"] == inputs]
        return self.rows(same[-1]) if same else ()

    def judge(
        self,
        context: dg.AssetCheckExecutionContext,
        rule: Callable[[Release, Entry], Iterable[Finding]],
    ) -> dg.AssetCheckResult:
        """Apply a rule to the newest evidence, record the verdict, and show it in Dagster."""
        release = self.release(context)
        claim = context.check_specs[0].key
        name = evidence_name(claim.asset_key, context.partition_key)
        found = self.book.of(release).newest_evidence(name)
        run_id = context.op_execution_context.run_id
        verdict = conclude(gate_name(claim, context.partition_key), rule(release, found))
        return check_result(verdict, self.verdict(release, verdict, [found], run_id))

    def verdict(
        self, release: Release, verdict: Verdict, evidence: Sequence[Entry], run_id: str
    ) -> Entry:
        """Record a verdict with what it rests on and the policy it applied."""
        rests_on = {
            "evidence": [e.digest for e in evidence],
            "policy_digest": self.repository.policy().digest,
            "run_id": run_id,
        }
        return self.book.write(EntryKind.VERDICT, verdict.document() | rests_on, release)
