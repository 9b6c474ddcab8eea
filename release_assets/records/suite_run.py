"""One run of a suite on both sides: its rows, their pairs, its evidence, and its judgement.

What is judged is the table that was stored; rows are paired once for its content, and the pairs are
handed to the summary and to each rule. Which rules judge a suite, the claim of a phase knows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Any

from release_assets.domain.evals.differences import RegressionRules, flip
from release_assets.domain.evals.pairing import Pairing, pair
from release_assets.domain.evals.rows import RowStatus, ScoreRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_COLUMNS = tuple(f.name for f in fields(ScoreRow))  # `asdict` copies deeply: a second a suite
_RULES = RegressionRules()


@dataclass(frozen=True, kw_only=True)
class BothSides:
    """The rows of the candidate and of main."""

    candidate: tuple[ScoreRow, ...] = ()
    baseline: tuple[ScoreRow, ...] = ()

    @cached_property
    def pairing(self) -> Pairing:
        """The rows, paired."""
        return pair(self.candidate, self.baseline)

    def with_more(self, more: BothSides) -> BothSides:
        """Return these rows and some more of both sides."""
        return BothSides(
            candidate=self.candidate + more.candidate, baseline=self.baseline + more.baseline
        )


@dataclass(frozen=True, kw_only=True)
class SuiteRun:
    """The rows of the suite, and apart from them those of the cases that were asked again.

    `inputs` are the comparability key of what was measured; a table does not hold them.
    """

    suite: BothSides
    again: BothSides = field(default_factory=BothSides)
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def pairing(self) -> Pairing:
        """The suite's own rows, paired."""
        return self.suite.pairing

    @property
    def reruns(self) -> Pairing | None:
        """The rows of the cases that were asked again, paired; None where no case was."""
        return self.again.pairing if self.again.candidate or self.again.baseline else None

    def table(self) -> list[dict[str, Any]]:
        """Return the rows as they are stored, each with its side and whether it was again."""
        return [
            {name: getattr(row, name) for name in _COLUMNS}
            | {"arm": arm, "again": again, "status": str(row.status)}
            for again, sides in ((False, self.suite), (True, self.again))
            for arm, rows in (("candidate", sides.candidate), ("baseline", sides.baseline))
            for row in rows
        ]

    def summary(self) -> dict[str, Any]:
        """Return the means per scorer on both sides, and the cases lost, gained, asked again."""
        rows, pairs = self.suite.candidate, self.pairing.pairs
        lost = {p.case for p in pairs if flip(p, _RULES) < 0}
        gained = {p.case for p in pairs if flip(p, _RULES) > 0} - lost
        return {
            "cases": len({row.case for row in rows}),
            "repeats": 1 + max((row.repeat for row in rows), default=-1),
            "scorers": sorted({row.scorer for row in rows}),
            "candidate": _means(rows),
            "main": _means(self.suite.baseline),
            "lost": sorted(lost),
            "gained": sorted(gained),
            "asked_again": sorted({row.case for row in self.again.candidate}),
        }


def read_run(table: Iterable[Mapping[str, Any]]) -> SuiteRun:
    """Read back what `SuiteRun.table` made."""
    sides: dict[tuple[str, bool], list[ScoreRow]] = defaultdict(list)
    for stored in table:
        columns = {name: stored[name] for name in _COLUMNS}
        row = ScoreRow(**columns | {"status": RowStatus(stored["status"])})
        sides[stored["arm"], stored["again"]].append(row)
    suite, again = (
        BothSides(
            candidate=tuple(sides["candidate", is_again]),
            baseline=tuple(sides["baseline", is_again]),
        )
        for is_again in (False, True)
    )
    return SuiteRun(suite=suite, again=again)


def _means(rows: Iterable[ScoreRow]) -> dict[str, float]:
    by_scorer = defaultdict(list)
    for row in rows:
        by_scorer[row.scorer].append(row.score or 0.0)
    return {scorer: round(fmean(scores), 4) for scorer, scores in sorted(by_scorer.items())}
