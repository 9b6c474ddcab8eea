"""Asks a suite of the candidate and of main, side by side, and keeps every row.

Measures, and judges nothing. Cases whose outcome flipped are asked again on both sides, so that a
flaky case is not taken for a broken one; repeats are added on both sides while a verdict is open
for want of them. Under which key main's recorded rows are used again is decided in
`evals/comparability`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from release_assets.domain.evals.comparability import comparability_key
from release_assets.domain.evals.differences import RegressionRules
from release_assets.domain.evals.flips import flipped_cases
from release_assets.ports import Environment, Target
from release_assets.records.suite_run import BothSides, SuiteRun, read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase, ScoreRow
    from release_assets.domain.release import Release
    from release_assets.ports import Deployer, EvalEngine
    from release_assets.records.recorder import Recorder

CONFIRMATIONS = RegressionRules().reruns


@dataclass(frozen=True, kw_only=True)
class _RunningSide:
    """One unit that answers; `recorded` are rows of an earlier run of it that may be used again."""

    engine: EvalEngine
    target: Target
    recorded: tuple[ScoreRow, ...] = ()

    def ask(self, cases: Sequence[EvalCase], repeats: int, first: int) -> tuple[ScoreRow, ...]:
        """Return the rows of all cases; repeats are numbered on from `first`."""
        kept = tuple(r for r in self.recorded if first <= r.repeat < first + repeats)
        if {(r.case, r.repeat) for r in kept} == {
            (case.id, n) for case in cases for n in range(first, first + repeats)
        }:
            return kept
        asked = self.engine.run(cases, self.target, repeats)
        return tuple(replace(row, repeat=row.repeat + first) for row in asked)


@dataclass(frozen=True, kw_only=True)
class _Setup:
    """What a run of a suite needs, read once: its cases, both sides, its comparability key."""

    cases: tuple[EvalCase, ...]
    candidate: _RunningSide
    baseline: _RunningSide
    inputs: Mapping[str, str]

    def ask(self, repeats: int, first: int) -> BothSides:
        """Ask all cases on both sides."""
        return BothSides(
            candidate=self.candidate.ask(self.cases, repeats, first),
            baseline=self.baseline.ask(self.cases, repeats, first),
        )

    def confirm(self, run: SuiteRun) -> SuiteRun:
        """Ask the flipped cases again that were not asked again yet; never from a record."""
        done = {row.case for row in run.again.candidate}
        wanted = set(flipped_cases(run.pairing)) - done
        if not wanted:
            return run
        again = replace(
            self,
            cases=tuple(case for case in self.cases if case.id in wanted),
            candidate=replace(self.candidate, recorded=()),
            baseline=replace(self.baseline, recorded=()),
        )
        return replace(run, again=run.again.with_more(again.ask(CONFIRMATIONS, first=0)))


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
        setup = self._set_up(release, suite, evidence)
        run = setup.confirm(SuiteRun(suite=setup.ask(repeats, first=0), inputs=setup.inputs))
        for repeat in range(repeats, repeats_max):
            if not wants_more(run):
                break
            more = run.suite.with_more(setup.ask(1, first=repeat))
            run = setup.confirm(replace(run, suite=more))
        return run

    def in_turn(self, release: Release, suite: str, repeats: int) -> SuiteRun:
        """Run a suite repeat by repeat on both sides, so that a slow minute hits both alike."""
        setup = self._set_up(release, suite)
        rows = setup.ask(1, first=0)
        for repeat in range(1, repeats):
            rows = rows.with_more(setup.ask(1, first=repeat))
        return SuiteRun(suite=rows, inputs=setup.inputs)

    def _set_up(self, release: Release, suite: str, evidence: str = "") -> _Setup:
        repository, feature = self.recorder.repository, release.key.feature
        cases = repository.suite(feature, release.commit, suite)
        handbook, main = repository.handbook(feature), repository.baseline(release.key)
        inputs = comparability_key(
            cases,
            scorers=repository.manifest(feature, release.commit).scorers,
            handbook=handbook,
            engine=self.engine.name_and_version(),
        )
        rows = self.recorder.comparable_rows(evidence, main, inputs) if evidence else ()
        return _Setup(
            cases=cases,
            candidate=self._side(release, handbook),
            baseline=self._side(main, handbook, read_run(rows).suite.candidate),
            inputs=inputs,
        )

    def _side(
        self, release: Release, handbook: Mapping[str, bytes], recorded: tuple[ScoreRow, ...] = ()
    ) -> _RunningSide:
        manifest = self.recorder.repository.manifest(release.key.feature, release.commit)
        target = Target(
            address=self.deployer.deploy(release, Environment.STAGING).address,
            scorers=manifest.scorers,
            handbook=handbook,
        )
        return _RunningSide(engine=self.engine, target=target, recorded=recorded)
