"""Cases that main passes and the candidate does not, and whether asking again confirms it.

A single run of a case is noise; five are a fact. The caller asks the lost cases again on both
sides and hands the rows back apart from the suite's own, since cases chosen for their bad luck
would pull any mean down. A gain is never re-run: it cannot fail a release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.differences import RegressionRules, flip
from release_assets.domain.pairing import pair
from release_assets.domain.verdict import Outcome
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evidence import ScoreRow
    from release_assets.domain.pairing import CasePair

_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Reruns:
    """Lost cases asked again: rows of both sides, numbered as their own repeats."""

    candidate: Sequence[ScoreRow]
    baseline: Sequence[ScoreRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class Flips:
    """Lost cases of one scorer: confirmed by re-runs, not confirmed, and still to be re-run."""

    confirmed: tuple[str, ...]
    dismissed: tuple[str, ...]
    pending: tuple[str, ...]
    to_fail: int

    @property
    def outcome(self) -> Outcome:
        """Failed on enough confirmed flips, inconclusive while the pending ones could be enough."""
        if len(self.confirmed) >= self.to_fail:
            return Outcome.FAILED
        open_ones = len(self.confirmed) + len(self.pending) >= self.to_fail
        return Outcome.INCONCLUSIVE if open_ones else Outcome.PASSED

    def sentence(self) -> str:
        """What was confirmed, and what is still to do."""
        told = f"{plural(len(self.confirmed), 'flip')} confirmed ({self.to_fail} would fail)"
        if self.confirmed:
            told += f": {named(self.confirmed)}"
        return f"{told}; still to be re-run: {named(self.pending)}" if self.pending else told


def flipped_cases(
    candidate: Sequence[ScoreRow],
    baseline: Sequence[ScoreRow],
    rules: RegressionRules | None = None,
) -> tuple[str, ...]:
    """The cases to ask again, `rules.reruns` times on both sides: lost under any scorer."""
    rules, pairing = rules or RegressionRules(), pair(candidate, baseline)
    return tuple(sorted({one.case for one in pairing.pairs if flip(one, rules) < 0}))


def judge_flips(pairs: Sequence[CasePair], rules: RegressionRules, reruns: Reruns | None) -> Flips:
    """Sort the lost cases of one scorer by what their re-runs say.

    A case that was re-run counts by its re-runs alone, also when later repeats of the suite make
    its loss look smaller.
    """
    again = {(p.scorer, p.case): p for p in _pairs_of(reruns)}
    cases = {one.case for one in pairs}
    mine = [p for (scorer, _), p in again.items() if scorer == pairs[0].scorer and p.case in cases]
    judged = {p.case: _is_confirmed(p, rules) for p in mine if _is_complete(p, rules)}
    lost = {one.case for one in pairs if flip(one, rules) < 0}
    return Flips(
        confirmed=tuple(sorted(case for case, confirmed in judged.items() if confirmed)),
        dismissed=tuple(sorted(case for case, confirmed in judged.items() if not confirmed)),
        pending=tuple(sorted(lost - judged.keys())),
        to_fail=rules.flips_to_fail(len(cases)),
    )


def _pairs_of(reruns: Reruns | None) -> tuple[CasePair, ...]:
    return pair(reruns.candidate, reruns.baseline).pairs if reruns else ()


def _is_complete(again: CasePair, rules: RegressionRules) -> bool:
    """Enough re-runs; main must have answered them all, or its silence would hide the flip."""
    enough = min(len(again.candidate), len(again.baseline)) >= rules.reruns
    return enough and None not in again.baseline


def _is_confirmed(again: CasePair, rules: RegressionRules) -> bool:
    ours, theirs = again.pass_rates(rules.passing(again.scorer))
    return theirs - ours >= rules.confirmed_at - _TOLERANCE
