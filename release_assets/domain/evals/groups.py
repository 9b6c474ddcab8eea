"""Groups on parallel cases: how far each is below the overall of its own families.

A family asks every group the same thing, so a hard family is hard for all and cancels. Numbers
only; `fairness.py` concludes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from release_assets.domain.evals.differences import difference, with_holm
from release_assets.domain.statistics import paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from release_assets.domain.evals.differences import Difference, RegressionRules
    from release_assets.domain.evals.pairing import CasePair, Pairing


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One group under one scorer.

    `drop` is its difference from main over its own cases; `gap` and `gap_on_main` its difference
    from the overall, one value per family that has another group beside it.
    """

    name: str
    scorer: str
    drop: Difference
    gap: paired.Clusters
    gap_on_main: paired.Clusters

    @property
    def families(self) -> int:
        """In how many families there is another group as well."""
        return len(self.gap.sums)

    @property
    def is_wider_than_on_main(self) -> bool:
        """Whether the group is further below the overall than on main."""
        return self.gap.mean < self.gap_on_main.mean - 1e-9


def groups_of(
    pairing: Pairing, keys: Iterable[str], rules: RegressionRules, *, seed: int
) -> tuple[Group, ...]:
    """Return every group of every comparable scorer; Holm's correction runs over all of them."""
    found = [
        _group(pairing.of(scorer), key, value, rules, seed)
        for scorer in pairing.scorers
        for key in keys
        for value in sorted({one.slices.get(key, "") for one in pairing.of(scorer)} - {""})
    ]
    drops = with_holm([one.drop for one in found])
    return tuple(replace(one, drop=drop) for one, drop in zip(found, drops, strict=True))


def _group(
    pairs: Sequence[CasePair], key: str, value: str, rules: RegressionRules, seed: int
) -> Group:
    name = f"{key}={value}"
    own = [one for one in pairs if one.slices.get(key) == value]
    ours, theirs = _gaps(pairs, key, value)
    return Group(
        name=name,
        scorer=pairs[0].scorer,
        drop=difference(pairs[0].scorer, name, own, replace(rules, smallest_slice=1), seed),
        gap=ours,
        gap_on_main=theirs,
    )


def _gaps(
    pairs: Sequence[CasePair], key: str, value: str
) -> tuple[paired.Clusters, paired.Clusters]:
    """Return group minus overall by family: of the candidate, of main."""
    by_family: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in pairs:
        if group := one.slices.get(key):
            by_family[one.family][group].append(one.means)
    shared = [groups for _, groups in sorted(by_family.items()) if value in groups]
    shared = [groups for groups in shared if len(groups) > 1]
    return _clusters(shared, value, side=0), _clusters(shared, value, side=1)


def _clusters(
    families: Sequence[dict[str, list[tuple[float, float]]]], value: str, *, side: int
) -> paired.Clusters:
    gaps = []
    for groups in families:
        means = {name: _mean([both[side] for both in found]) for name, found in groups.items()}
        gaps.append(means[value] - _mean(list(means.values())))
    return paired.Clusters(sums=tuple(gaps), sizes=(1,) * len(gaps))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
