"""Asks a suite of the candidate and of main, side by side, and keeps every row.

Measures, and judges nothing. Cases whose outcome flipped are asked again on both sides, so that a
flaky case is not taken for a broken one; repeats are added on both sides while a verdict is open
for want of them (DESIGN section 5).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.evals.flips import Reruns, flipped_cases
from release_assets.domain.evals.rows import RowStatus, ScoreRow
from release_assets.domain.release import digest_of_document, digest_of_files
from release_assets.ports import Environment, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase
    from release_assets.domain.release import Release
    from release_assets.ports import Deployer, EvalEngine
    from release_assets.records.recorder import Records

CONFIRMATIONS = 4
_COLUMNS = tuple(f.name for f in fields(ScoreRow))  # `asdict` copies deeply: a second a suite


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rows of both sides, and of the cases that were asked again."""

    candidate: tuple[ScoreRow, ...]
    baseline: tuple[ScoreRow, ...]
    candidate_again: tuple[ScoreRow, ...] = ()
    baseline_again: tuple[ScoreRow, ...] = ()

    @property
    def reruns(self) -> Reruns:
        """What the flip rule reads."""
        return Reruns(candidate=self.candidate_again, baseline=self.baseline_again)

    def with_more(self, more: Comparison) -> Comparison:
        """With further repeats of both sides."""
        return replace(
            self,
            candidate=self.candidate + more.candidate,
            baseline=self.baseline + more.baseline,
        )

    def table(self) -> list[dict[str, Any]]:
        """The rows as they are stored: each says which side it is of, and whether it was again."""
        sides = (
            ("candidate", False, self.candidate),
            ("baseline", False, self.baseline),
            ("candidate", True, self.candidate_again),
            ("baseline", True, self.baseline_again),
        )
        return [
            {n: getattr(row, n) for n in _COLUMNS}
            | {"arm": arm, "again": again, "status": str(row.status)}
            for arm, again, rows in sides
            for row in rows
        ]


def comparison_of(rows: Iterable[Mapping[str, Any]]) -> Comparison:
    """Read back what `Comparison.table` stored."""
    sides: dict[tuple[str, bool], list[ScoreRow]] = {}
    for stored in rows:
        fields = {k: v for k, v in stored.items() if k not in {"arm", "again"}}
        row = ScoreRow(**fields | {"status": RowStatus(fields["status"])})
        sides.setdefault((stored["arm"], stored["again"]), []).append(row)
    return Comparison(
        candidate=tuple(sides.get(("candidate", False), ())),
        baseline=tuple(sides.get(("baseline", False), ())),
        candidate_again=tuple(sides.get(("candidate", True), ())),
        baseline_again=tuple(sides.get(("baseline", True), ())),
    )


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One running unit; `recorded` are rows of an earlier run of it that may be used again."""

    engine: EvalEngine
    target: Target
    recorded: tuple[ScoreRow, ...] = ()

    def ask(self, cases: Sequence[EvalCase], repeats: int, first: int) -> tuple[ScoreRow, ...]:
        """The rows of all cases; repeats are numbered on from `first`."""
        kept = tuple(r for r in self.recorded if first <= r.repeat < first + repeats)
        if {(r.case, r.repeat) for r in kept} == {
            (case.id, n) for case in cases for n in range(first, first + repeats)
        }:
            return kept
        asked = self.engine.run(cases, self.target, repeats)
        return tuple(replace(row, repeat=row.repeat + first) for row in asked)


@dataclass(frozen=True, kw_only=True)
class SuiteRunner:
    """Runs suites against units in staging."""

    records: Records
    deployer: Deployer
    engine: EvalEngine

    def compare(
        self,
        release: Release,
        suite: str,
        repeats: int,
        *,
        evidence: str,
        repeats_max: int = 0,
        wants_more: Callable[[Comparison], bool] = lambda _: False,
    ) -> Comparison:
        """Run a suite of the candidate's on both sides, up to `repeats_max` times each case.

        Main's rows are those of its own recorded `evidence`, where the comparability key is the
        same; otherwise main is run again.
        """
        cases = self.records.repository.suite(release.key.feature, release.commit, suite)
        main = self.records.repository.baseline(release.key)
        inputs = self.inputs(release, suite)
        candidate, baseline = self._side(release), self._side(main, evidence, inputs)
        sides = (candidate, baseline)
        found = _confirm(cases, sides, _ask(cases, sides, repeats, first=0))
        for repeat in range(repeats, repeats_max):
            if not wants_more(found):
                break
            more = _ask(cases, sides, 1, first=repeat)
            found = _confirm(cases, sides, found.with_more(more))
        return found

    def in_turn(self, release: Release, suite: str, repeats: int) -> Comparison:
        """Run a suite repeat by repeat on both sides, so that a slow minute hits both alike."""
        cases = self.records.repository.suite(release.key.feature, release.commit, suite)
        sides = (
            self._side(release),
            self._side(self.records.repository.baseline(release.key)),
        )
        found = _ask(cases, sides, 1, first=0)
        for repeat in range(1, repeats):
            found = found.with_more(_ask(cases, sides, 1, first=repeat))
        return found

    def inputs(self, release: Release, suite: str) -> dict[str, str]:
        """The comparability key: with another one, scores are not compared."""
        feature, commit = release.key.feature, release.commit
        scorers = self.records.repository.manifest(feature, commit).scorers
        cases = self.records.repository.suite(feature, commit, suite)
        handbook = self.records.repository.handbook(feature)
        return {
            "cases": digest_of_document([asdict(case) for case in cases]),
            "scorers": ",".join(f"{name}@{version}" for name, version in sorted(scorers.items())),
            "handbook": digest_of_files(handbook),
            "engine": self.engine.name_and_version(),
        }

    def _side(
        self, release: Release, evidence: str = "", inputs: Mapping[str, str] | None = None
    ) -> _Side:
        manifest = self.records.repository.manifest(release.key.feature, release.commit)
        target = Target(
            address=self.deployer.deploy(release, Environment.STAGING).address,
            scorers=manifest.scorers,
            handbook=self.records.repository.handbook(release.key.feature),
        )
        rows = self.records.comparable_rows(evidence, release, inputs) if inputs else ()
        return _Side(engine=self.engine, target=target, recorded=comparison_of(rows).candidate)


def _ask(
    cases: Sequence[EvalCase], sides: tuple[_Side, _Side], repeats: int, first: int
) -> Comparison:
    candidate, baseline = (side.ask(cases, repeats, first) for side in sides)
    return Comparison(candidate=candidate, baseline=baseline)


def _confirm(
    cases: Sequence[EvalCase], sides: tuple[_Side, _Side], found: Comparison
) -> Comparison:
    """Ask the flipped cases again that were not asked again yet; never from a record."""
    done = {row.case for row in found.candidate_again}
    wanted = set(flipped_cases(found.candidate, found.baseline)) - done
    if not wanted:
        return found
    again = [case for case in cases if case.id in wanted]
    live = (replace(sides[0], recorded=()), replace(sides[1], recorded=()))
    more = _ask(again, live, CONFIRMATIONS, first=0)
    return replace(
        found,
        candidate_again=found.candidate_again + more.candidate,
        baseline_again=found.baseline_again + more.baseline,
    )
