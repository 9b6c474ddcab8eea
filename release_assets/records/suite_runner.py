"""Asks a suite of the candidate and of main, side by side, and keeps every row.

Measures, and judges nothing. Cases whose outcome flipped are asked again on both sides, so that a
flaky case is not taken for a broken one; repeats are added on both sides while a verdict is open
for want of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from release_assets.domain.evals.flips import flipped_cases
from release_assets.domain.release import digest_of_document, digest_of_files
from release_assets.ports import Environment, Target
from release_assets.records.suite_run import BothSides, SuiteRun, read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase, ScoreRow
    from release_assets.domain.release import Release
    from release_assets.ports import Deployer, EvalEngine
    from release_assets.records.recorder import Recorder

CONFIRMATIONS = 4


@dataclass(frozen=True, kw_only=True)
class _RunningSide:
    """One unit that answers; `recorded` are rows of an earlier run of it that may be used again."""

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

    recorder: Recorder
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
        wants_more: Callable[[SuiteRun], bool] = lambda _: False,
    ) -> SuiteRun:
        """Run a suite of the candidate's on both sides, up to `repeats_max` times each case.

        Main's rows are those of its own recorded `evidence`, where the comparability key is the
        same; otherwise main is run again.
        """
        cases = self.recorder.repository.suite(release.key.feature, release.commit, suite)
        main = self.recorder.repository.baseline(release.key)
        inputs = self.inputs(release, suite)
        candidate, baseline = self._side(release), self._side(main, evidence, inputs)
        sides = (candidate, baseline)
        found = _confirm(cases, sides, SuiteRun(suite=_ask(cases, sides, repeats, first=0)))
        for repeat in range(repeats, repeats_max):
            if not wants_more(found):
                break
            more = _ask(cases, sides, 1, first=repeat)
            found = _confirm(cases, sides, replace(found, suite=found.suite.with_more(more)))
        return found

    def in_turn(self, release: Release, suite: str, repeats: int) -> SuiteRun:
        """Run a suite repeat by repeat on both sides, so that a slow minute hits both alike."""
        cases = self.recorder.repository.suite(release.key.feature, release.commit, suite)
        sides = (
            self._side(release),
            self._side(self.recorder.repository.baseline(release.key)),
        )
        found = _ask(cases, sides, 1, first=0)
        for repeat in range(1, repeats):
            found = found.with_more(_ask(cases, sides, 1, first=repeat))
        return SuiteRun(suite=found)

    def inputs(self, release: Release, suite: str) -> dict[str, str]:
        """The comparability key: with another one, scores are not compared."""
        feature, commit = release.key.feature, release.commit
        scorers = self.recorder.repository.manifest(feature, commit).scorers
        cases = self.recorder.repository.suite(feature, commit, suite)
        handbook = self.recorder.repository.handbook(feature)
        return {
            "cases": digest_of_document([asdict(case) for case in cases]),
            "scorers": ",".join(f"{name}@{version}" for name, version in sorted(scorers.items())),
            "handbook": digest_of_files(handbook),
            "engine": self.engine.name_and_version(),
        }

    def _side(
        self, release: Release, evidence: str = "", inputs: Mapping[str, str] | None = None
    ) -> _RunningSide:
        manifest = self.recorder.repository.manifest(release.key.feature, release.commit)
        target = Target(
            address=self.deployer.deploy(release, Environment.STAGING).address,
            scorers=manifest.scorers,
            handbook=self.recorder.repository.handbook(release.key.feature),
        )
        rows = self.recorder.comparable_rows(evidence, release, inputs) if inputs else ()
        recorded = read_run(rows).suite.candidate
        return _RunningSide(engine=self.engine, target=target, recorded=recorded)


def _ask(
    cases: Sequence[EvalCase], sides: tuple[_RunningSide, _RunningSide], repeats: int, first: int
) -> BothSides:
    candidate, baseline = (side.ask(cases, repeats, first) for side in sides)
    return BothSides(candidate=candidate, baseline=baseline)


def _confirm(
    cases: Sequence[EvalCase], sides: tuple[_RunningSide, _RunningSide], found: SuiteRun
) -> SuiteRun:
    """Ask the flipped cases again that were not asked again yet; never from a record."""
    done = {row.case for row in found.again.candidate}
    wanted = set(flipped_cases(found.pairing)) - done
    if not wanted:
        return found
    again = [case for case in cases if case.id in wanted]
    live = (replace(sides[0], recorded=()), replace(sides[1], recorded=()))
    more = _ask(again, live, CONFIRMATIONS, first=0)
    return replace(found, again=found.again.with_more(more))
