"""What suite evidence has in common: its summary for people, and the check of its shape."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from release_assets.domain.evals.differences import RegressionRules, flip
from release_assets.domain.evals.pairing import pair
from release_assets.records.suite_runner import comparison_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import dagster as dg

    from release_assets.domain.evals.rows import ScoreRow
    from release_assets.domain.finding import Finding
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.release import Release
    from release_assets.ports import EvidenceShape
    from release_assets.records.recorder import Records
    from release_assets.records.suite_runner import Comparison


_RULES = RegressionRules()


def summary_of(found: Comparison) -> dict[str, Any]:
    """Means per scorer on both sides, and the cases whose outcome was lost or gained."""
    pairs = pair(found.candidate, found.baseline).pairs
    lost = {p.case for p in pairs if flip(p, _RULES) < 0}
    gained = {p.case for p in pairs if flip(p, _RULES) > 0} - lost
    return {
        "cases": len({row.case for row in found.candidate}),
        "repeats": 1 + max((row.repeat for row in found.candidate), default=-1),
        "scorers": sorted({row.scorer for row in found.candidate}),
        "candidate": _means(found.candidate),
        "main": _means(found.baseline),
        "lost": sorted(lost),
        "gained": sorted(gained),
        "asked_again": sorted({row.case for row in found.candidate_again}),
    }


def judge_suite(
    context: dg.AssetCheckExecutionContext,
    records: Records,
    shape: EvidenceShape,
    judge: Callable[[Comparison, Release], tuple[Finding, ...]],
) -> dg.AssetCheckResult:
    """Judge both sides of a stored suite, after the shape of its table."""

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        rows = records.rows(found)
        return (*_shape_findings(shape, rows, found), *judge(comparison_of(rows), release))

    return records.judge(context, rule)


def _shape_findings(
    shape: EvidenceShape, rows: Sequence[Mapping[str, Any]], found: Entry
) -> tuple[Finding, ...]:
    """Whether the stored table is well-formed; rows of cases that were asked again apart."""
    said = found.body["summary"]
    first = [row for row in rows if not row["again"]]
    return shape.findings(
        first, cases=said["cases"], repeats=said["repeats"], scorers=said["scorers"]
    )


def _means(rows: Iterable[ScoreRow]) -> dict[str, float]:
    by_scorer = defaultdict(list)
    for row in rows:
        by_scorer[row.scorer].append(row.score or 0.0)
    return {scorer: round(fmean(scores), 4) for scorer, scores in sorted(by_scorer.items())}
