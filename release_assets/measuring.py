"""Asks a suite of the candidate and of main, side by side, and keeps every row.

Measures, and judges nothing. Main's rows are reused when a recorded run of the same unit with the
same comparability key exists; otherwise main is run again (DESIGN section 5). Cases whose outcome
flipped are asked again on both sides, so that a flaky case is not taken for a broken one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.evidence import RowStatus, ScoreRow
from release_assets.domain.regression import flipped_cases
from release_assets.domain.release import digest_of_document
from release_assets.ports import Environment, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.evidence import EvalCase
    from release_assets.domain.release import Release
    from release_assets.ports import Deployer, EvalEngine
    from release_assets.records import Records
    from release_assets.repository import FeatureRepository

CONFIRMATIONS = 4


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rows of both sides, and of the cases that were asked again."""

    candidate: tuple[ScoreRow, ...]
    baseline: tuple[ScoreRow, ...]
    candidate_again: tuple[ScoreRow, ...]
    baseline_again: tuple[ScoreRow, ...]
    inputs: Mapping[str, str]

    def table(self) -> list[dict[str, Any]]:
        """The rows as they are stored: each says which side it is of, and whether it was again."""
        sides = (
            ("candidate", False, self.candidate),
            ("baseline", False, self.baseline),
            ("candidate", True, self.candidate_again),
            ("baseline", True, self.baseline_again),
        )
        return [
            asdict(row) | {"arm": arm, "again": again, "status": str(row.status)}
            for arm, again, rows in sides
            for row in rows
        ]


def comparison_of(rows: Iterable[Mapping[str, Any]], inputs: Mapping[str, str]) -> Comparison:
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
        inputs=inputs,
    )


@dataclass(frozen=True, kw_only=True)
class SuiteRunner:
    """Runs suites against units in staging."""

    records: Records
    repository: FeatureRepository
    deployer: Deployer
    engine: EvalEngine

    def compare(self, release: Release, suite: str, repeats: int) -> Comparison:
        """Run a suite of the candidate's on both sides."""
        feature = release.key.feature
        cases = self.repository.suite(feature, release.commit, suite)
        manifest = self.repository.manifest(feature, release.commit)
        baseline = self.repository.baseline(release.key)
        inputs = self._inputs(cases, manifest.scorers, repeats, baseline)
        targets = [self._target(r, manifest.scorers) for r in (release, baseline)]
        rows = [tuple(self.engine.run(cases, t, repeats)) for t in targets]
        again = _only(cases, flipped_cases(*rows))
        more = [tuple(self.engine.run(again, t, CONFIRMATIONS)) if again else () for t in targets]
        return Comparison(
            candidate=rows[0],
            baseline=rows[1],
            candidate_again=more[0],
            baseline_again=more[1],
            inputs=inputs,
        )

    def _target(self, release: Release, scorers: Mapping[str, str]) -> Target:
        running = self.deployer.deploy(release, Environment.STAGING)
        handbook = self.repository.handbook(release.key.feature)
        return Target(address=running.address, scorers=scorers, handbook=handbook)

    def _inputs(
        self,
        cases: Sequence[EvalCase],
        scorers: Mapping[str, str],
        repeats: int,
        baseline: Release,
    ) -> dict[str, str]:
        """The comparability key: with another one, scores are not compared."""
        return {
            "cases": digest_of_document([asdict(case) for case in cases]),
            "scorers": ",".join(f"{name}@{version}" for name, version in sorted(scorers.items())),
            "engine": self.engine.name_and_version(),
            "repeats": str(repeats),
            "baseline": baseline.digest,
        }


def _only(cases: Sequence[EvalCase], ids: Iterable[str]) -> tuple[EvalCase, ...]:
    wanted = set(ids)
    return tuple(case for case in cases if case.id in wanted)
