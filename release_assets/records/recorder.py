"""Writes what was measured and judged into the ledger; reads it back before anybody relies on it.

The ledger decides, Dagster shows (law 1): every materialisation carries the number and digest of
its ledger entry and pins the materialisations it was made from, so that lineage in the UI is the
audit trail. Knows nothing of any phase.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from release_assets.domain.errors import NotFoundError, RefusedError
from release_assets.domain.evals.rows import Evidence
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.release import ReleaseKey, Unit
from release_assets.domain.verdict import Verdict, conclude
from release_assets.records.show import check_result, evidence_name, gate_name, materialisation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from release_assets.domain.files.policy import TierPolicy
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.ports import Clock, EvidenceStore, Ledger
    from release_assets.records.repository import FeatureRepository

ENDS = ("completed", "rolled_back")


@dataclass(frozen=True, kw_only=True)
class Records:
    """Evidence and verdicts of releases, in the ledger and the evidence store."""

    ledger: Ledger
    evidence_store: EvidenceStore
    repository: FeatureRepository
    clock: Clock

    def release(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Release:
        """The release that this run is about, as its partition says."""
        partition = context.partition_key
        if isinstance(partition, dg.MultiPartitionKey):
            partition = partition.keys_by_dimension["release"]
        return self.repository.release(ReleaseKey.parse(partition))

    def tier(self, release: Release) -> TierPolicy:
        """What the policy demands of a release of this risk tier."""
        manifest = self.repository.manifest(release.key.feature, release.commit)
        return self.repository.policy().tier(manifest.risk_tier)

    def evidence(
        self,
        context: dg.AssetExecutionContext,
        release: Release,
        *,
        summary: Mapping[str, Any],
        inputs: Mapping[str, str],
        rows: Sequence[Mapping[str, Any]] = (),
        shown: Mapping[str, Any] | None = None,
    ) -> dg.MaterializeResult[Any]:
        """Record what an asset measured; `shown` is further metadata for the Dagster UI."""
        table = self.evidence_store.put(rows) if rows else None
        evidence = Evidence(
            name=evidence_name(context.asset_key, context.partition_key),
            release=str(release.key),
            release_digest=release.digest,
            measured_at=self.clock.now(),
            run_id=context.run.run_id,
            summary=summary,
            inputs=inputs,
            table=table,
        )
        entry = self.write("evidence", evidence.document(), release)
        return materialisation(context, entry, release, {**summary, **(shown or {})})

    def write(self, kind: str, body: Mapping[str, Any], release: Release) -> Entry:
        """Append one entry about a release."""
        return self.ledger.append(
            kind,
            body,
            at=self.clock.now(),
            release=str(release.key),
            release_digest=release.digest,
        )

    @contextmanager
    def refusals_recorded(self, release: Release, act: str) -> Iterator[None]:
        """A refused attempt is an entry too, and stays refused (CM-5(1): allowed and denied)."""
        try:
            yield
        except RefusedError as exc:
            findings = [finding.document() for finding in exc.findings]
            body = {"act": act, "because": str(exc), "findings": findings}
            self.write("refusal", body, release)
            raise

    def newest_evidence(self, name: str, release: Release) -> Entry:
        """The newest evidence of that name about this release digest; raises `NotFoundError`."""
        found = [
            e
            for e in self.ledger.entries(release=str(release.key), kinds=("evidence",))
            if e.body["name"] == name and e.release_digest == release.digest
        ]
        if not found:
            message = f"the ledger holds no '{name}' for {release.key} at {release.digest[:19]}"
            raise NotFoundError(f"{message}; materialise it first")
        return found[-1]

    def comparable_rows(
        self, name: str, release: Release, inputs: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        """The newest recorded table about this digest that was measured with the same inputs."""
        entries = self.ledger.entries(kinds=("evidence",))
        same = [
            e
            for e in entries
            if e.release_digest == release.digest
            and e.body["name"] == name
            and e.body["inputs"] == inputs
        ]
        return self.rows(same[-1]) if same else ()

    def rows(self, entry: Entry) -> Sequence[Mapping[str, Any]]:
        """The table that an evidence entry names, verified against its digest."""
        return self.evidence_store.get(entry.body["table"])

    def judge(
        self,
        context: dg.AssetCheckExecutionContext,
        rule: Callable[[Release, Entry], Iterable[Finding]],
    ) -> dg.AssetCheckResult:
        """Apply a rule to the newest evidence, record the verdict, and show it in Dagster."""
        release = self.release(context)
        claim = context.check_specs[0].key
        name = evidence_name(claim.asset_key, context.partition_key)
        found = self.newest_evidence(name, release)
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
        return self.write("verdict", verdict.document() | rests_on, release)

    def verdicts(self, release: Release) -> Mapping[str, Entry]:
        """The newest verdict of each gate about this release digest."""
        entries = self.ledger.entries(release=str(release.key), kinds=("verdict",))
        return {e.body["gate"]: e for e in entries if e.release_digest == release.digest}

    def signatories(self, release: Release) -> tuple[str, ...]:
        """The persons whose yes to this release digest stands in the ledger."""
        entries = self.written(release, "sign_off")
        said = [e.body["statement"]["predicate"] for e in entries]
        yes = [s["person"] for s in said if s["decision"] == "yes"]
        return tuple(dict.fromkeys(yes))

    def people(self, release: Release, role: str) -> list[str]:
        """`authored_by` or `reviewed_by`, as the change record of this release says."""
        record = self.newest_evidence("sign_off/change_record", release)
        return list(record.body["summary"][role])

    def on_the_road(self) -> tuple[str, ...]:
        """The releases that were put on their plan and did not end yet, in order.

        By the ledger alone: what a lost release store forgot is neither free nor started twice.
        """
        road: dict[str, None] = {}
        for entry in self.ledger.entries(kinds=("rollout",)):
            if entry.body["event"] == "promoted":
                road[str(entry.release)] = None
            if entry.body["event"] in ENDS:
                road.pop(str(entry.release), None)
        return tuple(road)

    def stable(self, feature: str) -> Entry:
        """The entry by which the present stable release became it; raises `NotFoundError`."""
        entries = self.ledger.entries(kinds=("adoption", "rollout"))
        mine = [e for e in entries if str(e.release).rpartition("-")[0] == feature]
        found = [e for e in mine if e.kind == "adoption" or e.body["event"] == "completed"]
        if not found:
            raise NotFoundError(f"{feature} has no stable release; adopt the one that runs first")
        return found[-1]

    def stable_commit(self, feature: str) -> str:
        """The commit that production really runs."""
        entry = self.stable(feature)
        if entry.kind == "adoption":
            return str(entry.body["commit"])
        return self.repository.release(ReleaseKey.parse(str(entry.release))).commit

    def stable_unit(self, feature: str) -> Unit:
        """The unit to which a rollback returns."""
        entry = self.stable(feature)
        if entry.kind == "adoption":
            return Unit(**entry.body["unit"])
        return self.repository.release(ReleaseKey.parse(str(entry.release))).unit

    def written(self, release: Release, kind: str, **fields: Any) -> tuple[Entry, ...]:
        """Entries of a kind about this release digest whose body has these fields."""
        return tuple(
            e
            for e in self.ledger.entries(release=str(release.key), kinds=(kind,))
            if e.release_digest == release.digest
            and all(e.body.get(name) == value for name, value in fields.items())
        )

    def require_passed(self, release: Release, gates: Sequence[str]) -> tuple[Entry, ...]:
        """The passed verdicts of these gates; raises `RefusedError` with all that is lacking.

        Fails closed on missing, failed, inconclusive and stale: a verdict that rests on evidence
        older than the newest of its kind is none (DESIGN section 6).
        """
        verdicts = self.verdicts(release)
        findings = [self._holds(gate, verdicts.get(gate), release) for gate in gates]
        lacking = [f for f in findings if f.outcome is not Outcome.PASSED]
        if lacking:
            raise RefusedError("; ".join(f.because for f in lacking), lacking)
        return tuple(verdicts[gate] for gate in gates)

    def _holds(self, gate: str, verdict: Entry | None, release: Release) -> Finding:
        if verdict is None:
            return _lacking(gate, f"{gate} was never judged for this release digest")
        if verdict.body["outcome"] != Outcome.PASSED:
            return _lacking(gate, f"{gate}: {verdict.body['headline']}")
        if not self._is_current(verdict, release):
            return _lacking(gate, f"{gate} was judged on evidence that has been replaced since")
        return Finding(rule=gate, outcome=Outcome.PASSED, because=f"{gate} holds")

    def _is_current(self, verdict: Entry, release: Release) -> bool:
        entries = self.ledger.entries(release=str(release.key), kinds=("evidence",))
        mine = [e for e in entries if e.release_digest == release.digest]
        named = {e.digest: e.body["name"] for e in mine}
        newest = {e.body["name"]: e.digest for e in mine}
        return all(newest.get(named.get(d, "")) == d for d in verdict.body["evidence"])


def _lacking(gate: str, because: str) -> Finding:
    return Finding(rule=gate, outcome=Outcome.FAILED, because=because)
