"""What Dagster shows of ledger entries: names, pins, tables; nothing here decides or writes.

Every materialisation carries the number and digest of its ledger entry and pins the
materialisations it was made from, so that lineage in the UI is the audit trail (law 1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import dagster as dg

from release_assets.domain.finding import Finding, Outcome
from release_assets.pipeline import OF_A_STAGE, of_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.domain.verdict import Verdict


def evidence_name(asset: dg.AssetKey, partition: str) -> str:
    """Return the ledger name of evidence: `<phase>/<asset>`, `@<canary stage>` where it has one."""
    return of_stage(asset.to_user_string(), stage_of(partition))


def gate_name(claim: dg.AssetCheckKey, partition: str) -> str:
    """Return the ledger name of a claim's verdict: `<phase>/<claim>`, and `@<canary stage>`."""
    return of_stage(f"{claim.asset_key.path[0]}/{claim.name}", stage_of(partition))


def stage_of(partition: str) -> str:
    """Return the canary stage of a partition in CANARY_STAGES, else nothing."""
    if isinstance(partition, dg.MultiPartitionKey):
        return partition.keys_by_dimension["stage"]
    return ""


def materialisation(
    context: dg.AssetExecutionContext,
    entry: Entry,
    release: Release,
    shown: Mapping[str, Any],
) -> dg.MaterializeResult[None]:
    """Return what Dagster shows of an entry: its number and digest, and pins of its inputs."""
    metadata = {"ledger_entry": str(entry.seq), "ledger_digest": entry.digest, **_shown(shown)}
    tags = {"release/digest": tag(release.digest), "ledger/entry": str(entry.seq)}
    return dg.MaterializeResult(
        metadata=metadata,
        tags=tags | pins(context),
        data_version=dg.DataVersion(tag(entry.digest)),
    )


def pins(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Return `lineage/<upstream> = <storage id>.<run id>` for each upstream asset.

    The engine's own pointer errs as soon as two releases are in progress.
    """
    found = {}
    for upstream in sorted(context.assets_def.dependency_keys):
        wanted = dg.AssetRecordsFilter(
            asset_key=upstream, asset_partitions=_upstream_partitions(context, upstream)
        )
        for record in context.instance.fetch_materializations(wanted, limit=1).records:
            found["lineage/" + ".".join(upstream.path)] = f"{record.storage_id}.{record.run_id}"
    return found


def _upstream_partitions(context: dg.AssetExecutionContext, upstream: dg.AssetKey) -> list[str]:
    """Return where an upstream asset keeps what this one was made from; the newest counts."""
    key = context.partition_key
    is_staged = upstream in {dg.AssetKey(name.split("/")) for name in OF_A_STAGE}
    if isinstance(key, dg.MultiPartitionKey):
        return [key if is_staged else key.keys_by_dimension["release"]]
    if not is_staged:
        return [key]
    stages = context.instance.get_materialized_partitions(upstream)
    return [stage for stage in stages if stage.startswith(f"{key}|")]


def check_result(verdict: Verdict, entry: Entry) -> dg.AssetCheckResult:
    """Return a verdict as Dagster shows it: red unless passed, with all findings in a table."""
    return dg.AssetCheckResult(
        passed=verdict.is_passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=verdict.headline,
        metadata={
            "outcome": str(verdict.outcome),
            "ledger_entry": str(entry.seq),
            "ledger_digest": entry.digest,
            "findings": dg.MetadataValue.md(findings_table(verdict.findings)),
        },
    )


def findings_table(findings: Iterable[Finding]) -> str:
    """Return all findings as a Markdown table, worst first."""
    order = {Outcome.FAILED: 0, Outcome.INCONCLUSIVE: 1, Outcome.PASSED: 2}
    ranked = sorted(findings, key=lambda f: order[f.outcome])
    lines = ["| outcome | rule | slice | because |", "|---|---|---|---|"]
    lines += [f"| {f.outcome} | {f.rule} | {f.slice or ''} | {f.because} |" for f in ranked]
    return "\n".join(lines)


def tag(text: str) -> str:
    """Return a digest as an event tag: Dagster allows 63 characters of `[A-Za-z0-9_.-]`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:63]


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, int | float | str) else _as_json(v) for k, v in values.items()}


def _as_json(value: Any) -> Any:
    return value if isinstance(value, dg.MetadataValue) else dg.MetadataValue.json(value)
