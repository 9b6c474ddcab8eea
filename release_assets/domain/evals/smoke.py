"""May this change merge, by ten to thirty cases? Critical cases, core flows, no flip, no drop.

So few cases prove no margin (74 without a single loss is the floor for four points), so smoke
never claims "not worse": it looks for what is plainly broken (docs/methods.md, R15). Fewer than ten
are inconclusive here; the risk tier's own minimum fails in `files/manifest_lint.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from release_assets.domain.evals.differences import RegressionRules, differences
from release_assets.domain.evals.regression import judge_critical_cases, judge_no_regression
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from release_assets.domain.evals.pairing import Pairing

FEWEST_SMOKE_CASES = 10


def judge_smoke(
    pairing: Pairing,
    rules: RegressionRules | None = None,
    *,
    core_flows: Collection[str],
    topics: Mapping[str, str],
    reruns: Pairing | None = None,
    seed: int,
) -> tuple[Finding, ...]:
    """Return all findings of the smoke suite; `topics` maps the id of each case to its core flow.

    Neither slices nor the margin are judged. One confirmed flip fails.
    """
    rules = replace(rules or RegressionRules(), slices=())
    found = differences(pairing, rules, seed=seed)
    return (
        *pairing.findings,
        _covered({one.case for one in pairing.pairs}, core_flows, topics),
        *judge_critical_cases(pairing, rules),
        *judge_no_regression(pairing, found, rules, reruns),
    )


def _covered(
    cases: Collection[str], core_flows: Collection[str], topics: Mapping[str, str]
) -> Finding:
    """What was not run was not tested: a core flow without a case does not pass."""
    missing = set(core_flows) - {topics[case] for case in cases if case in topics}
    flaws = [
        f"no case for {named(missing)}" if missing else "",
        "the feature has no core flows; add 'core_flows' to its manifest" if not core_flows else "",
        f"a smoke suite has {FEWEST_SMOKE_CASES} cases or more, this one {len(cases)}"
        if len(cases) < FEWEST_SMOKE_CASES
        else "",
    ]
    lacking = "; ".join(part for part in flaws if part)
    because = f"{plural(len(cases), 'case')} over {plural(len(core_flows), 'core flow')}"
    return Finding(
        rule="core_flows_are_covered",
        outcome=Outcome.INCONCLUSIVE if lacking else Outcome.PASSED,
        because=lacking or because,
        observed=len(set(core_flows) - missing),
        limit=len(core_flows),
        n=len(cases),
    )
