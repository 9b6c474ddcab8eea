"""Which rows of two runs may be compared: the same cases, the same scorer, all of them answered.

Errors, timeouts and missing repeats count as lost and never leave the denominator (law 2). A case
that one side lacks is not compared: it is named, and makes the suite inconclusive. Nothing here
decides that a release is worse.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.evals.rows import ScoreRow

_Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePair:
    """One case under one scorer on both sides: a score per repeat, None where unanswered."""

    case: str
    scorer: str
    family: str
    slices: Mapping[str, str]
    critical: bool
    candidate: tuple[float | None, ...]
    baseline: tuple[float | None, ...]

    @property
    def means(self) -> tuple[float, float]:
        """The mean score over the repeats, an unanswered one scoring 0: candidate, baseline."""
        return _mean(self.candidate), _mean(self.baseline)

    @property
    def delta(self) -> float:
        """Candidate minus baseline."""
        return self.means[0] - self.means[1]

    def pass_rates(self, threshold: float) -> tuple[float, float]:
        """Return the share of repeats that scored `threshold` or more: candidate, baseline."""
        return _pass_rate(self.candidate, threshold), _pass_rate(self.baseline, threshold)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """The cases that both sides have, and what prevents a comparison, by scorer."""

    pairs: tuple[CasePair, ...]
    findings: tuple[Finding, ...]
    incomparable: frozenset[str]

    @property
    def scorers(self) -> tuple[str, ...]:
        """The scorers whose scores may be compared."""
        return tuple(sorted({p.scorer for p in self.pairs} - self.incomparable))

    def of(self, scorer: str) -> tuple[CasePair, ...]:
        """Return the pairs of one scorer, by case."""
        return tuple(p for p in self.pairs if p.scorer == scorer)


def pair(candidate: Sequence[ScoreRow], baseline: Sequence[ScoreRow]) -> Pairing:
    """Pair two runs case by case; order of rows does not matter."""
    sides = _Side.of("candidate", candidate), _Side.of("baseline", baseline)
    common = sorted(sides[0].cells.keys() & sides[1].cells.keys())
    mixed = _mixed_versions((*candidate, *baseline))
    return Pairing(
        pairs=tuple(_pair(key, *sides) for key in common),
        findings=(_answered(sides), _same_cases(sides), _same_scorers(mixed, len(common))),
        incomparable=frozenset(mixed),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """One run: rows by scorer and case, then by repeat."""

    name: str
    cells: Mapping[_Key, Mapping[int, ScoreRow]]
    repeats: tuple[int, ...]
    twice: tuple[str, ...] = ()
    unanswered: tuple[ScoreRow, ...] = ()
    rows: int = 0
    cases: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, name: str, rows: Sequence[ScoreRow]) -> _Side:
        cells: dict[_Key, dict[int, ScoreRow]] = defaultdict(dict)
        twice = []
        for row in rows:
            cell = cells[row.scorer, row.case]
            if row.repeat in cell:
                twice.append(row.case)
            cell.setdefault(row.repeat, row)
        return cls(
            name=name,
            cells=cells,
            repeats=tuple(sorted({row.repeat for row in rows})),
            twice=tuple(twice),
            unanswered=tuple(row for row in rows if answer(row) is None),
            rows=len(rows),
            cases=frozenset(row.case for row in rows),
        )

    def scores(self, key: _Key) -> tuple[float | None, ...]:
        """Return a score per repeat that this side ran; a missing row is unanswered."""
        cell = self.cells[key]
        return tuple(answer(cell[r]) if r in cell else None for r in self.repeats)

    def incomplete(self) -> set[str]:
        return {case for (_, case), cell in self.cells.items() if len(cell) < len(self.repeats)}


def answer(row: ScoreRow) -> float | None:
    """Return the score of an answered row; None for errors, timeouts, and scores outside [0, 1]."""
    if row.status not in {RowStatus.OK, RowStatus.WRONG} or row.score is None:
        return None
    return row.score if isfinite(row.score) and 0 <= row.score <= 1 else None


def _pair(key: _Key, candidate: _Side, baseline: _Side) -> CasePair:
    """Family and slices are the baseline's: a change cannot regroup the cases it is judged by."""
    ours, theirs = candidate.cells[key].values(), baseline.cells[key].values()
    first = next(iter(theirs))
    return CasePair(
        case=key[1],
        scorer=key[0],
        family=first.family,
        slices=first.slices,
        critical=any(row.critical for row in (*ours, *theirs)),
        candidate=candidate.scores(key),
        baseline=baseline.scores(key),
    )


def _answered(sides: Iterable[_Side]) -> Finding:
    rule = "every_case_was_answered"
    rows = sum(side.rows for side in sides)
    flaws = [flaw for side in sides for flaw in _flaws(side)]
    if not rows:
        return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because="there are no rows", n=0)
    if flaws:
        because = f"{'; '.join(flaws)}; what was not answered counts as lost"
        return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=because, n=rows)
    because = f"all {rows} rows of both sides were answered and scored"
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=rows)


def _flaws(side: _Side) -> Iterable[str]:
    if not side.rows:
        yield f"{side.name} has no rows"
    if side.unanswered:
        kinds = Counter(_kind(row) for row in side.unanswered)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        share = f"{len(side.unanswered)} of {side.rows} rows"
        cases = named({row.case for row in side.unanswered})
        yield f"{side.name}: {share} without a score ({counts}: {cases})"
    if missing := side.incomplete():
        yield f"{side.name}: fewer than {len(side.repeats)} repeats of {named(missing)}"
    if side.twice:
        yield f"{side.name}: duplicate repeat of {named(set(side.twice))}"


def _kind(row: ScoreRow) -> str:
    scored = row.status in {RowStatus.OK, RowStatus.WRONG}
    return "unscorable" if scored else str(row.status)


def _same_cases(sides: tuple[_Side, _Side]) -> Finding:
    rule = "both_sides_answered_the_same_cases"
    ours, theirs = (set(side.cells) for side in sides)
    extras = [
        f"{len(extra)} only in {side.name}: {named({_cell_name(key, sides) for key in extra})}"
        for side, extra in zip(sides, (ours - theirs, theirs - ours), strict=True)
        if extra
    ]
    n = len({case for _, case in ours & theirs})
    both = f"{plural(n, 'case')} on both sides"
    outcome = Outcome.INCONCLUSIVE if extras or not n else Outcome.PASSED
    return Finding(rule=rule, outcome=outcome, because="; ".join((both, *extras)), n=n)


def _cell_name(key: _Key, sides: tuple[_Side, _Side]) -> str:
    scorer, case = key
    on_both = all(case in side.cases for side in sides)
    return f"{case} ({scorer})" if on_both else case


def _mixed_versions(rows: Iterable[ScoreRow]) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        versions[row.scorer].add(row.scorer_version or "without a version")
    return {scorer: found for scorer, found in versions.items() if len(found) > 1}


def _same_scorers(mixed: Mapping[str, set[str]], n: int) -> Finding:
    rule = "scores_come_from_one_scorer_version"
    if mixed:
        found = "; ".join(
            f"{scorer} {named(versions)}" for scorer, versions in sorted(mixed.items())
        )
        because = f"scorer versions are mixed: {found}; score both sides with one version"
        return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=because, n=n)
    because = "each scorer has one version on both sides"
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=n)


def _mean(scores: Sequence[float | None]) -> float:
    return sum(s or 0.0 for s in scores) / len(scores)


def _pass_rate(scores: Sequence[float | None], threshold: float) -> float:
    return sum(s is not None and s >= threshold for s in scores) / len(scores)
