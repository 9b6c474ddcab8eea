"""Cases that main passes and the candidate does not, and whether running them again confirms it.

A single run of a case is noise; five are a fact. The caller runs the lost cases again on both
sides and pairs those rows apart from the suite's own, since cases chosen for their bad luck
would pull any mean down. A gain is never re-run: it cannot fail a release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.evals.differences import RegressionRules, flip
from release_assets.domain.finding import Outcome
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.evals.pairing import CasePair, Pairing


@dataclass(frozen=True, kw_only=True, slots=True)
class Flips:
    """Lost cases of one scorer: those that re-runs confirmed, and those still to be re-run.

    `unanimous` are the confirmed ones that differed in every re-run; `to_fail` confirmed flips
    fail, and a single unanimous one does where `one_unanimous_fails`.
    """

    confirmed: tuple[str, ...]
    unanimous: tuple[str, ...]
    pending: tuple[str, ...]
    to_fail: int
    one_unanimous_fails: bool

    @property
    def outcome(self) -> Outcome:
        """Failed on enough confirmed flips, inconclusive while the pending ones could be enough."""
        if len(self.confirmed) >= self.to_fail or (self.one_unanimous_fails and self.unanimous):
            return Outcome.FAILED
        least = 1 if self.one_unanimous_fails else self.to_fail - len(self.confirmed)
        return Outcome.INCONCLUSIVE if len(self.pending) >= least else Outcome.PASSED

    def sentence(self) -> str:
        """State what was confirmed, and what is still to be run."""
        limit = "one in every re-run, or 2" if self.one_unanimous_fails else str(self.to_fail)
        summary = f"{plural(len(self.confirmed), 'flip')} confirmed ({limit} would fail)"
        if self.confirmed:
            summary += f": {named(self.confirmed)}"
        if self.pending:
            summary += f"; still to be re-run: {named(self.pending)}"
        return summary


def flipped_cases(pairing: Pairing, rules: RegressionRules | None = None) -> tuple[str, ...]:
    """Return the cases to run again, `rules.reruns` times on both sides: lost under any scorer."""
    rules = rules or RegressionRules()
    return tuple(sorted({one.case for one in pairing.pairs if flip(one, rules) < 0}))


def judge_flips(pairs: Sequence[CasePair], rules: RegressionRules, reruns: Pairing | None) -> Flips:
    """Sort the lost cases of one scorer by their re-runs, which are paired as repeats of their own.

    A case that was re-run counts by its re-runs alone, also when later repeats of the suite make
    its loss look smaller.
    """
    cases = {one.case for one in pairs}
    again = [p for p in (reruns.of(pairs[0].scorer) if reruns else ()) if p.case in cases]
    shares = {p.case: _share_lost(p, rules) for p in again if _is_complete(p, rules)}
    lost = {one.case for one in pairs if flip(one, rules) < 0}
    to_fail = rules.flips_to_fail(len(cases))
    is_careful = to_fail == 1 and len(cases) >= rules.unanimous_from
    return Flips(
        confirmed=_at_least(shares, rules.confirmed_at),
        unanimous=_at_least(shares, 1.0),
        pending=tuple(sorted(lost - shares.keys())),
        to_fail=2 if is_careful else to_fail,
        one_unanimous_fails=is_careful,
    )


def _at_least(shares: Mapping[str, float], share: float) -> tuple[str, ...]:
    return tuple(sorted(case for case, lost in shares.items() if lost >= share))


def _is_complete(again: CasePair, rules: RegressionRules) -> bool:
    """Whether there are enough re-runs, all answered by main, whose silence would hide the flip."""
    enough = min(len(again.candidate), len(again.baseline)) >= rules.reruns
    return enough and None not in again.baseline


def _share_lost(again: CasePair, rules: RegressionRules) -> float:
    """Return by how much the pass rate fell in the re-runs; rounded: .75 means three of four."""
    ours, theirs = again.pass_rates(rules.passing(again.scorer))
    return round(theirs - ours, 9)
