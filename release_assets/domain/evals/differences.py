"""How much the candidate differs from the baseline, per scorer, over the suite and its slices.

Numbers with their uncertainty, and the rules' constants; `regression.py` concludes. Cases are
grouped by family, since parallel cases fail together, and Holm's correction covers all scorers and
slices of the suite (docs/methods.md, R15).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zlib import crc32

from release_assets.domain.statistics import paired
from release_assets.domain.wording import change, named, p_value, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.evals.pairing import CasePair, Pairing

_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class RegressionRules:
    """What counts as worse.

    `margin` is the drop of a mean score that must be excluded; `alpha` the chance of failing a
    release that is as good as main, over all scorers, slices and flips of the suite, of which the
    share `flips_share` is left to the flip rule; `alpha_not_worse` the chance of passing one that
    is worse by the margin. A row passes at `passing_score` (or its scorer's in `passing_scores`).
    `slices` names the attributes judged on their own (None: all). A flip is confirmed when the
    pass rates of at least `reruns` re-runs differ by `confirmed_at`; `flips_by_size` is how many
    fail a suite of so many cases or more, so that flaky cases alone stay below `alpha`; where one
    fails and the suite has `unanimous_from` cases, that one must differ in every re-run.
    `reruns` 0 leaves the flip rule out. A slice of fewer families than `smallest_slice` is
    measured and not judged: losing all of it would prove nothing.
    """

    margin: float = 0.05
    alpha: float = 0.05
    flips_share: float = 0.2
    alpha_not_worse: float = 0.05
    passing_score: float = 0.5
    passing_scores: Mapping[str, float] = field(default_factory=dict)
    slices: tuple[str, ...] | None = None
    reruns: int = 4
    confirmed_at: float = 0.75
    flips_by_size: tuple[tuple[int, int], ...] = ((0, 1), (200, 2), (600, 3), (1800, 4))
    unanimous_from: int = 40
    smallest_slice: int = 10

    def passing(self, scorer: str) -> float:
        """Return the score from which a row of this scorer passes."""
        return self.passing_scores.get(scorer, self.passing_score)

    @property
    def alpha_signs(self) -> float:
        """What is left for the sign-flip tests; all of it without a flip rule."""
        return self.alpha * (1 - self.flips_share) if self.reruns else self.alpha

    def flips_to_fail(self, cases: int) -> int:
        """Return how many confirmed flips fail a suite of so many cases."""
        return max(flips for size, flips in self.flips_by_size if cases >= size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Candidate minus baseline for one scorer, over the suite (`slice` None) or one slice.

    `interval` holds both one-sided bounds at `alpha_not_worse`; `p` is the one-sided p of "worse",
    `p_holm` the same after Holm's correction; `needed_n` is None where no more cases are needed or
    no number of them would do; `lost` and `gained` count cases whose outcome flipped.
    """

    scorer: str
    slice: str | None
    clusters: paired.Clusters
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    interval: tuple[float, float]
    p: float
    p_is_exact: bool
    is_judged: bool
    p_holm: float = 1.0
    needed_n: int | None = None

    @property
    def n(self) -> int:
        """How many cases."""
        return self.clusters.n

    @property
    def delta(self) -> float:
        """The mean difference; negative is a drop."""
        return self.clusters.mean

    def excludes(self, margin: float) -> bool:
        """Whether a drop of the margin is excluded."""
        return self.interval[0] > -margin

    def sentence(self) -> str:
        """State lost, gained, the difference with its interval, and the p of "worse"."""
        lost = f" ({named(self.lost)})" if self.lost else ""
        kind = "exact " if self.p_is_exact else ""
        return (
            f"{len(self.lost)} of {plural(self.n, 'case')} lost{lost}, {len(self.gained)} gained; "
            f"{change(self.delta, self.interval)}; one-sided {kind}{p_value(self.p)}"
        )


def flip(one: CasePair, rules: RegressionRules) -> int:
    """Return -1 where the case is lost, 1 where it is gained, 0 otherwise.

    A case flips when its pass rate changes by half or more: one stray repeat of three is none.
    """
    ours, theirs = one.pass_rates(rules.passing(one.scorer))
    change = ours - theirs
    return 0 if abs(change) < 0.5 - _TOLERANCE else (1 if change > 0 else -1)


def differences(pairing: Pairing, rules: RegressionRules, *, seed: int) -> tuple[Difference, ...]:
    """Compare every comparable scorer over the suite, then over each slice.

    Half of Holm's weight lies on the suite as a whole, half on the slices, so that many slices do
    not blind the suite. Slices too small to fail are measured, not judged.
    """
    found = [difference(s, None, pairing.of(s), rules, seed) for s in pairing.scorers]
    for scorer in pairing.scorers:
        slices = _slices(pairing.of(scorer), rules)
        found += [difference(scorer, name, pairs, rules, seed) for name, pairs in slices]
    return with_holm(found)


def with_holm(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the same with `p_holm`, over all that are judged."""
    judged = [d for d in found if d.is_judged]
    whole = sum(d.slice is None for d in judged)
    weights = [1 / whole if d.slice is None else 1 / (len(judged) - whole) for d in judged]
    adjusted = iter(paired.holm([d.p for d in judged], weights))
    return tuple(replace(d, p_holm=next(adjusted)) if d.is_judged else d for d in found)


def _slices(
    pairs: Sequence[CasePair], rules: RegressionRules
) -> Iterable[tuple[str, Sequence[CasePair]]]:
    """Return slices by name (`locale=de-DE`), without those that contain the whole suite."""
    members: dict[str, list[CasePair]] = defaultdict(list)
    for one in pairs:
        for key, value in one.slices.items():
            if rules.slices is None or key in rules.slices:
                members[f"{key}={value}"].append(one)
    return [(name, found) for name, found in sorted(members.items()) if len(found) < len(pairs)]


def difference(
    scorer: str,
    slice_name: str | None,
    pairs: Sequence[CasePair],
    rules: RegressionRules,
    seed: int,
) -> Difference:
    """Return the difference of one scorer over some cases, before Holm's correction."""
    clusters = clusters_of(pairs)
    place = crc32(f"{scorer}\0{slice_name or ''}".encode())
    test = paired.sign_flip(clusters, seed=(seed, place))
    bounds = paired.interval(clusters, alpha=rules.alpha_not_worse)
    decided = bounds[0] > -rules.margin
    flips = {one.case: flip(one, rules) for one in pairs}
    return Difference(
        scorer=scorer,
        slice=slice_name,
        clusters=clusters,
        lost=tuple(case for case, way in flips.items() if way < 0),
        gained=tuple(case for case, way in flips.items() if way > 0),
        interval=bounds,
        is_judged=slice_name is None or len(clusters.sums) >= rules.smallest_slice,
        p=test.p,
        p_is_exact=test.is_exact,
        needed_n=None if decided else _needed(clusters, rules),
    )


def _needed(clusters: paired.Clusters, rules: RegressionRules) -> int | None:
    needed = paired.needed_cases(clusters, margin=rules.margin, alpha=rules.alpha_not_worse)
    return None if needed is None else max(needed, clusters.n + 1)


def clusters_of(pairs: Iterable[CasePair]) -> paired.Clusters:
    """Sum differences over families, in the order of their names."""
    sums: dict[str, float] = defaultdict(float)
    sizes: dict[str, int] = defaultdict(int)
    for one in pairs:
        sums[one.family] += one.delta
        sizes[one.family] += 1
    names = sorted(sums)
    return paired.Clusters(
        sums=tuple(sums[name] for name in names), sizes=tuple(sizes[name] for name in names)
    )
