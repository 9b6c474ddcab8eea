"""What suite evidence has in common: its summary for people, and the check of its shape."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from release_assets.domain.flips import flipped_cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.evidence import ScoreRow
    from release_assets.domain.ledger import Entry
    from release_assets.domain.verdict import Finding
    from release_assets.measuring import Comparison
    from release_assets.ports import EvidenceShape


def summary_of(found: Comparison) -> dict[str, Any]:
    """Means per scorer on both sides, and the cases whose outcome was lost or gained."""
    flipped = flipped_cases(found.candidate, found.baseline)
    candidate, baseline = _means_by_case(found.candidate), _means_by_case(found.baseline)
    lost = [c for c in flipped if candidate.get(c, 0.0) < baseline.get(c, 0.0)]
    return {
        "cases": len({row.case for row in found.candidate}),
        "repeats": 1 + max((row.repeat for row in found.candidate), default=-1),
        "scorers": sorted({row.scorer for row in found.candidate}),
        "candidate": _means(found.candidate),
        "main": _means(found.baseline),
        "lost": sorted(lost),
        "gained": sorted(set(flipped) - set(lost)),
        "asked_again": sorted({row.case for row in found.candidate_again}),
    }


def shape_findings(
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


def _means_by_case(rows: Iterable[ScoreRow]) -> dict[str, float]:
    by_case = defaultdict(list)
    for row in rows:
        by_case[row.case].append(row.score or 0.0)
    return {case: fmean(scores) for case, scores in by_case.items()}
