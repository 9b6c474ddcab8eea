"""Asks a suite of the candidate and of main, side by side, and keeps every row.

Measures, and judges nothing. Cases whose outcome flipped are asked again on both sides, so that a
flaky case is not taken for a broken one; repeats are added on both sides while a verdict is open
for want of them (DESIGN section 5).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.evidence import RowStatus, ScoreRow
from release_assets.domain.flips import Reruns, flipped_cases
from release_assets.domain.release import digest_of_document
from release_assets.ports import Environment, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from release_assets.domain.evidence import EvalCase
    from release_assets.domain.release import Release
    from release_assets.ports import Deployer, EvalEngine
    from release_assets.repository import FeatureRepository

CONFIRMATIONS = 4


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
class SuiteRunner:
    """Runs suites against units in staging."""

    repository: FeatureRepository
    deployer: Deployer
    engine: EvalEngine

    def compare(
        self,
        release: Release,
        suite: str,
        repeats: int,
        *,
        repeats_max: int = 0,
        wants_more: Callable[[Comparison], bool] = lambda _: False,
    ) -> Comparison:
        """Run a suite of the candidate's on both sides, up to `repeats_max` times each case."""
        cases = self.repository.suite(release.key.feature, release.commit, suite)
        targets = (self._target(release), self._target(self.repository.baseline(release.key)))
        found = self._confirm(cases, targets, self._ask(cases, targets, repeats, first=0))
        for repeat in range(repeats, repeats_max):
            if not wants_more(found):
                break
            more = self._ask(cases, targets, 1, first=repeat)
            found = replace(
                found,
                candidate=found.candidate + more.candidate,
                baseline=found.baseline + more.baseline,
            )
            found = self._confirm(cases, targets, found)
        return found

    def in_turn(self, release: Release, suite: str, repeats: int) -> Comparison:
        """Run a suite repeat by repeat on both sides, so that a slow minute hits both alike."""
        cases = self.repository.suite(release.key.feature, release.commit, suite)
        targets = (self._target(release), self._target(self.repository.baseline(release.key)))
        rounds = [self._ask(cases, targets, 1, first=repeat) for repeat in range(repeats)]
        return Comparison(
            candidate=tuple(row for one in rounds for row in one.candidate),
            baseline=tuple(row for one in rounds for row in one.baseline),
        )

    def inputs(self, release: Release, suite: str) -> dict[str, str]:
        """The comparability key: with another one, scores are not compared."""
        feature, commit = release.key.feature, release.commit
        scorers = self.repository.manifest(feature, commit).scorers
        cases = self.repository.suite(feature, commit, suite)
        return {
            "cases": digest_of_document([asdict(case) for case in cases]),
            "scorers": ",".join(f"{name}@{version}" for name, version in sorted(scorers.items())),
            "engine": self.engine.name_and_version(),
            "baseline": self.repository.baseline(release.key).digest,
        }

    def _target(self, release: Release) -> Target:
        manifest = self.repository.manifest(release.key.feature, release.commit)
        return Target(
            address=self.deployer.deploy(release, Environment.STAGING).address,
            scorers=manifest.scorers,
            handbook=self.repository.handbook(release.key.feature),
        )

    def _ask(
        self, cases: Sequence[EvalCase], targets: Sequence[Target], repeats: int, first: int
    ) -> Comparison:
        """Both sides; repeats are numbered on from `first`."""
        rows = [
            tuple(replace(r, repeat=r.repeat + first) for r in self.engine.run(cases, t, repeats))
            for t in targets
        ]
        return Comparison(candidate=rows[0], baseline=rows[1])

    def _confirm(
        self, cases: Sequence[EvalCase], targets: Sequence[Target], found: Comparison
    ) -> Comparison:
        """Ask the flipped cases again that were not asked again yet."""
        done = {row.case for row in found.candidate_again}
        wanted = set(flipped_cases(found.candidate, found.baseline)) - done
        if not wanted:
            return found
        more = self._ask([c for c in cases if c.id in wanted], targets, CONFIRMATIONS, first=0)
        return replace(
            found,
            candidate_again=found.candidate_again + more.candidate,
            baseline_again=found.baseline_again + more.baseline,
        )
