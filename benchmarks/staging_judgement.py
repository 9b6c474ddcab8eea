"""How often the staging rules fail a good release, pass a bad one, and find what is broken.

    python benchmarks/staging_judgement.py [--replicates 1000]

Every line is a simulated release through the whole flow: three repeats on both sides, lost cases
asked again four times, repeats added up to five while only the margin is open. Seeds are fixed;
`+-` is the Monte-Carlo standard error. The last column is the bar; the run ends with exit code 1
when a bar is missed by three standard errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from release_assets.domain.evals.differences import RegressionRules
from release_assets.domain.evals.fairness import judge_fairness
from release_assets.domain.evals.flips import flipped_cases
from release_assets.domain.evals.pairing import Pairing, pair
from release_assets.domain.evals.regression import (
    NO_REGRESSION,
    judge_regression,
    more_repeats_would_help,
)
from release_assets.domain.evals.rows import RowStatus, ScoreRow
from release_assets.domain.evals.smoke import judge_smoke
from release_assets.domain.finding import Finding, Outcome, worst

LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")
Chances = np.ndarray
Rng = np.random.Generator
Sides = tuple[Sequence[ScoreRow], Sequence[ScoreRow]]  # candidate, baseline
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class World:
    """Pass probabilities per case: of main, and of the candidate."""

    baseline: Chances
    candidate: Chances
    families: int
    scorers: int = 1
    groups: int = 1

    def rows(
        self, side: str, repeats: range, rng: Rng, only: frozenset[int] | None = None
    ) -> list[ScoreRow]:
        chances = getattr(self, side)
        cases = range(len(chances)) if only is None else sorted(only)
        return [
            self._row(case, repeat, scorer, passed=rng.random() < chances[case])
            for scorer in range(self.scorers)
            for case in cases
            for repeat in repeats
        ]

    def _row(self, case: int, repeat: int, scorer: int, *, passed: bool) -> ScoreRow:
        return ScoreRow(
            case=f"{case:04}",
            family=f"{case * self.families // len(self.baseline):04}",
            repeat=repeat,
            scorer=f"scorer-{scorer}",
            scorer_version="1",
            status=RowStatus.OK if passed else RowStatus.WRONG,
            score=float(passed),
            slices={"locale": LOCALES[case % self.groups]} if self.groups > 1 else {},
        )


Make = Callable[[np.random.Generator], World]


def flaky(n: int, rng: Rng) -> Chances:
    """A suite as public ones are: 80 % stable, 8 % always failing, 12 % flaky between .5 and .9."""
    kind = rng.random(n)
    return np.where(kind < 0.8, 0.99, np.where(kind < 0.88, 0.01, rng.uniform(0.5, 0.9, n)))


def healthy(n: int, *, families: int | None = None, scorers: int = 1, groups: int = 1) -> Make:
    """Nothing changed, with the flaky mixture of cases."""

    def world(rng: Rng) -> World:
        chances = flaky(n, rng)
        return World(chances, chances, families or n, scorers, groups)

    return world


def mostly_flaky(n: int, share: float) -> Make:
    """Nothing changed; this share of cases passes between .5 and .9 of the time."""

    def world(rng: Rng) -> World:
        chances = np.where(rng.random(n) < share, rng.uniform(0.5, 0.9, n), 0.99)
        return World(chances, chances, n)

    return world


def even(
    n: int, chance: float = 0.93, drop: float = 0.0, *, families: int | None = None, groups: int = 1
) -> Make:
    """Every case passes with the same chance, less the drop on the candidate."""
    return lambda _: World(
        np.full(n, chance), np.full(n, chance - drop), families or n, groups=groups
    )


def deterministic(n: int, chance: float, *, families: int | None = None, groups: int = 1) -> Make:
    """Each case always passes or always fails, the same on both sides."""

    def world(rng: Rng) -> World:
        chances = (rng.random(n) < chance).astype(float)
        return World(chances, chances, families or n, groups=groups)

    return world


def improved(n: int, gains: int) -> Make:
    """Deterministic; some cases that failed on main pass now."""

    def world(rng: Rng) -> World:
        chances = (rng.random(n) < 0.9).astype(float)
        after = chances.copy()
        after[np.flatnonzero(chances == 0)[:gains]] = 1.0
        return World(chances, after, n)

    return world


def broken(n: int, count: int) -> Make:
    """Some stable cases fail on the candidate from now on."""

    def world(rng: Rng) -> World:
        chances = flaky(n, rng)
        after = chances.copy()
        after[rng.choice(np.flatnonzero(chances > 0.9), count, replace=False)] = 0.01
        return World(chances, after, n)

    return world


def dropped(n: int, drop: float) -> Make:
    """Every case loses the same share of its pass probability; the mean drop is `drop`."""

    def world(rng: Rng) -> World:
        chances = flaky(n, rng)
        after = chances * (1 - drop / chances.mean())
        return World(chances, after, n)

    return world


def staging(world: World, rng: Rng, rules: RegressionRules) -> Findings:
    """The flow of the suite as the pipeline runs it."""
    candidate, baseline = (world.rows(side, range(1, 4), rng) for side in ("candidate", "baseline"))
    again: Sides = ((), ())
    for repeat in (4, 5, 6):
        pairing = pair(candidate, baseline)
        again = _rerun(world, pairing, again, rules, rng)
        findings = judge_regression(pairing, rules, reruns=pair(*again), seed=1)
        if repeat == 6 or not more_repeats_would_help(findings):
            return findings
        candidate += world.rows("candidate", range(repeat, repeat + 1), rng)
        baseline += world.rows("baseline", range(repeat, repeat + 1), rng)
    raise AssertionError


def smoke(world: World, rng: Rng, rules: RegressionRules) -> Findings:
    candidate, baseline = (world.rows(side, range(1, 4), rng) for side in ("candidate", "baseline"))
    pairing, topics = pair(candidate, baseline), {row.case: "any" for row in candidate}
    again = pair(*_rerun(world, pairing, ((), ()), rules, rng))
    return judge_smoke(pairing, rules, core_flows=["any"], topics=topics, reruns=again, seed=1)


def fairness(world: World, rng: Rng, _rules: RegressionRules) -> Findings:
    candidate, baseline = (world.rows(side, range(1, 4), rng) for side in ("candidate", "baseline"))
    return judge_fairness(pair(candidate, baseline), seed=1)


def _rerun(world: World, pairing: Pairing, again: Sides, rules: RegressionRules, rng: Rng) -> Sides:
    done = {row.case for row in again[0]}
    todo = frozenset(int(c) for c in flipped_cases(pairing, rules) if c not in done)
    rows = [world.rows(side, range(1, 5), rng, only=todo) for side in ("candidate", "baseline")]
    return (*again[0], *rows[0]), (*again[1], *rows[1])


def regressed(findings: Findings) -> bool:
    return any(f.rule == NO_REGRESSION and f.outcome is Outcome.FAILED for f in findings)


def failed(findings: Findings) -> bool:
    return worst(f.outcome for f in findings) is Outcome.FAILED


def passed(findings: Findings) -> bool:
    return worst(f.outcome for f in findings) is Outcome.PASSED


def not_worse(findings: Findings) -> bool:
    """The margin was proven, whatever the other rule says."""
    return all(f.outcome is Outcome.PASSED for f in findings if f.rule == "not_worse_than_margin")


AT_MOST, AT_LEAST = "<=", ">="
SCENARIOS = (
    ("200 cases, nothing changed: regressed", staging, healthy(200), regressed, AT_MOST, 0.05),
    ("200 cases, 3 scorers, 5 locales, nothing changed: regressed", staging,
     healthy(200, scorers=3, groups=5), regressed, AT_MOST, 0.05),
    ("200 cases in families of 4, nothing changed: regressed", staging,
     healthy(200, families=50), regressed, AT_MOST, 0.05),
    ("150 cases, nothing changed: regressed", staging, healthy(150), regressed, AT_MOST, 0.05),
    ("199 cases, nothing changed: regressed", staging, healthy(199), regressed, AT_MOST, 0.05),
    ("150 cases, 1 broken: regressed", staging, broken(150, 1), regressed, AT_LEAST, 0.85),
    ("28 smoke cases, nothing changed: regressed", smoke, healthy(28), regressed, AT_MOST, 0.05),
    ("200 cases, 2 broken: regressed", staging, broken(200, 2), regressed, AT_LEAST, 0.85),
    ("200 cases, 4 broken: regressed", staging, broken(200, 4), regressed, AT_LEAST, 0.97),
    ("28 smoke cases, 1 broken: regressed", smoke, broken(28, 1), regressed, AT_LEAST, 0.85),
    ("200 cases, diffuse drop .08: regressed", staging,
     dropped(200, 0.08), regressed, AT_LEAST, 0.85),
    ("200 independent cases, nothing changed: passed", staging,
     healthy(200), passed, AT_LEAST, 0.9),
    ("200 even cases at .93, nothing changed: passed", staging, even(200), passed, AT_LEAST, 0.9),
    ("200 deterministic cases, nothing changed: passed", staging,
     deterministic(200, 0.9), passed, AT_LEAST, 0.99),
    ("200 deterministic cases, 10 of the failing ones pass now: passed", staging,
     improved(200, 10), passed, AT_LEAST, 0.99),
    ("200 cases, drop of the margin .05: margin proven", staging,
     dropped(200, 0.05), not_worse, AT_MOST, 0.05),
    ("200 even cases, drop of the margin .05: margin proven", staging,
     even(200, drop=0.05), not_worse, AT_MOST, 0.05),
    ("200 cases, drop of the margin .05: passed", staging,
     dropped(200, 0.05), passed, AT_MOST, 0.05),
    ("60 families x 5 locales, deterministic, nothing changed: passed", fairness,
     deterministic(300, 0.97, families=60, groups=5), passed, AT_LEAST, 0.9),
    ("60 families x 5 locales, even at .90, nothing changed: passed", fairness,
     even(300, 0.9, families=60, groups=5), passed, AT_LEAST, 0.8),
    ("60 families x 5 locales, nothing changed: failed", fairness,
     even(300, 0.97, families=60, groups=5), failed, AT_MOST, 0.05),
    ("60 families x 5 locales, nothing changed: passed", fairness,
     even(300, 0.97, families=60, groups=5), passed, AT_LEAST, 0.9),
    ("28 smoke cases, half of them flaky: regressed", smoke,
     mostly_flaky(28, 0.5), regressed, AT_MOST, None),
    ("150 cases, 30 % flaky: regressed", staging,
     mostly_flaky(150, 0.3), regressed, AT_MOST, None),
    ("200 cases, 30 % flaky: regressed", staging,
     mostly_flaky(200, 0.3), regressed, AT_MOST, None),
    ("200 cases, all flaky: regressed", staging,
     mostly_flaky(200, 1.0), regressed, AT_MOST, None),
)  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """A question to many simulated releases, and the bar that its share of yes must keep.

    Without a bar the share is shown: of suites that are flakier than those the rules are made for.
    """

    name: str
    flow: Callable[[World, Rng, RegressionRules], Findings]
    make: Make
    question: Callable[[Findings], bool]
    sense: str
    bar: float | None

    def share(self, replicates: int, seed: int) -> tuple[float, float]:
        """The share of yes, and its Monte-Carlo error."""
        hits = 0
        for replicate in range(replicates):
            rng = np.random.default_rng([2026, seed, replicate])
            hits += self.question(self.flow(self.make(rng), rng, RegressionRules()))
        share = hits / replicates
        return share, sqrt(max(share * (1 - share), 1 / replicates) / replicates)

    def word(self, share: float, error: float) -> str:
        """Ok, near (within three standard errors of the bar), missed, or shown without a bar."""
        if self.bar is None:
            return "shown"
        gap = share - self.bar if self.sense == AT_MOST else self.bar - share
        return "ok" if gap <= 0 else ("near" if gap <= 3 * error else "MISSED")


def main() -> int:
    """Print every scenario; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    options = parser.parse_args()
    words = []
    for seed, found in enumerate(Scenario(*fields) for fields in SCENARIOS):
        if options.only in found.name:
            share, error = found.share(options.replicates, seed)
            words.append(found.word(share, error))
            bar = f"bar {found.sense} {found.bar:.2f}" if found.bar is not None else "no bar"
            print(f"{found.name:66} {share:.3f} +-{error:.3f}  {bar}  {words[-1]}", flush=True)
    return 1 if "MISSED" in words else 0


if __name__ == "__main__":
    sys.exit(main())
