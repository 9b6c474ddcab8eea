"""Is the release fast and cheap enough, by its budgets and beside main on the same machine?

Both sides answer the same prompts in turn, so a busy machine slows both. A breach must exceed
noise: the bootstrap bound over pairs, and for latency the baseline's own spread on that machine. A
latency budget that main itself breaks there shows that the machine is slow: inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.statistics.resampling import PairedMetric, paired_metric
from release_assets.domain.wording import named, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.evals.rows import ScoreRow

_Call = tuple[str, int]
_MEASURED = frozenset({RowStatus.OK, RowStatus.WRONG, RowStatus.UNSCORABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetRules:
    """Budgets of the manifest, and how much more than main is tolerated.

    The `_max` budgets are absolute, None where the manifest has none. `slower_by` and `dearer_by`
    are shares over main (.25: a quarter more); a slowdown below `noticeable_ms` does not count.
    `alpha` is the chance that noise breaks one budget; fewer calls than `fewest_calls` on a side
    are inconclusive.
    """

    latency_p50_ms_max: float | None = None
    latency_p95_ms_max: float | None = None
    cost_per_call_usd_max: float | None = None
    slower_by: float = 0.25
    dearer_by: float = 0.10
    noticeable_ms: float = 20.0
    alpha: float = 0.05
    fewest_calls: int = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Budget:
    """One metric with its absolute and its relative limit; an excess up to `floor` is allowed."""

    metric: str
    unit: str
    limit: float | None
    share_over_main: float
    floor: float
    measured: PairedMetric

    @property
    def is_latency(self) -> bool:
        return self.unit == "ms"

    def in_unit(self, value: float) -> str:
        return f"{value:.4g} {self.unit}"


def judge_budgets(
    candidate: Sequence[ScoreRow],
    baseline: Sequence[ScoreRow],
    rules: BudgetRules | None = None,
    *,
    seed: int,
) -> tuple[Finding, ...]:
    """Return all findings of the benchmark: completeness, then per metric its budget and main.

    Rows are calls, one per case and repeat; rows of further scorers repeat the call and count once.
    """
    rules, ours, theirs = rules or BudgetRules(), _calls(candidate), _calls(baseline)
    complete = _every_call_was_measured(ours, theirs, rules)
    common = [c for c in sorted(ours.keys() & theirs.keys()) if _both_measured(c, ours, theirs)]
    if not common:
        return (complete,)
    budgets = _budgets([ours[c] for c in common], [theirs[c] for c in common], rules, seed)
    absolute = (_within_budget(b, b.limit, rules) for b in budgets if b.limit is not None)
    return (complete, *absolute, *(_holds_against_main(b, rules) for b in budgets))


def _calls(rows: Sequence[ScoreRow]) -> dict[_Call, ScoreRow]:
    return {(row.case, row.repeat): row for row in reversed(rows)}


def _is_measured(row: ScoreRow) -> bool:
    known = row.latency_ms is not None and row.cost_usd is not None
    return known and row.status in _MEASURED


def _both_measured(call: _Call, ours: dict[_Call, ScoreRow], theirs: dict[_Call, ScoreRow]) -> bool:
    return _is_measured(ours[call]) and _is_measured(theirs[call])


def _every_call_was_measured(
    ours: dict[_Call, ScoreRow], theirs: dict[_Call, ScoreRow], rules: BudgetRules
) -> Finding:
    n = min(len(ours), len(theirs))
    lost = {row.case for row in (*ours.values(), *theirs.values()) if not _is_measured(row)}
    flaws = [
        f"no latency or cost of {named(lost)}" if lost else "",
        f"only one side called {named({case for case, _ in ours.keys() ^ theirs.keys()})}"
        if ours.keys() ^ theirs.keys()
        else "",
        f"{plural(n, 'call')}, {rules.fewest_calls} are needed" if n < rules.fewest_calls else "",
    ]
    lacking = "; ".join(part for part in flaws if part)
    return Finding(
        rule="every_call_was_measured",
        outcome=Outcome.INCONCLUSIVE if lacking else Outcome.PASSED,
        because=lacking or f"{plural(n, 'call')} on each side, latency and cost known",
        n=n,
    )


def _budgets(
    ours: Sequence[ScoreRow], theirs: Sequence[ScoreRow], rules: BudgetRules, seed: int
) -> tuple[_Budget, ...]:
    latencies = [r.latency_ms or 0.0 for r in ours], [r.latency_ms or 0.0 for r in theirs]
    costs = [r.cost_usd or 0.0 for r in ours], [r.cost_usd or 0.0 for r in theirs]
    slower, floor = rules.slower_by, rules.noticeable_ms
    return (
        _Budget(
            metric="latency_p50", unit="ms", limit=rules.latency_p50_ms_max,
            share_over_main=slower, floor=floor,
            measured=paired_metric(*latencies, quantile=0.5, seed=seed),
        ),
        _Budget(
            metric="latency_p95", unit="ms", limit=rules.latency_p95_ms_max,
            share_over_main=slower, floor=floor,
            measured=paired_metric(*latencies, quantile=0.95, seed=seed),
        ),
        _Budget(
            metric="cost_per_call", unit="USD", limit=rules.cost_per_call_usd_max,
            share_over_main=rules.dearer_by, floor=0.0,
            measured=paired_metric(*costs, quantile=None, seed=seed),
        ),
    )  # fmt: skip


def _within_budget(one: _Budget, limit: float, rules: BudgetRules) -> Finding:
    low, high = one.measured.interval(rules.alpha)
    seen = f"{one.in_unit(one.measured.candidate)} against a budget of {one.in_unit(limit)}"
    if one.measured.candidate <= limit:
        outcome, conclusion = Outcome.PASSED, "within"
    elif one.is_latency and one.measured.baseline > limit:
        main = one.in_unit(one.measured.baseline)
        outcome, conclusion = (
            Outcome.INCONCLUSIVE,
            f"main needs {main} here too: use a faster machine",
        )
    elif low > limit:
        outcome, conclusion = Outcome.FAILED, "over, beyond noise"
    else:
        outcome, conclusion = Outcome.INCONCLUSIVE, "over, yet within noise: benchmark more calls"
    return _finding(f"{one.metric}_stays_within_budget", outcome, one, limit, (low, high),
                    f"{seen}: {conclusion}")  # fmt: skip


def _holds_against_main(one: _Budget, rules: BudgetRules) -> Finding:
    """Fail when the excess over main's tolerated share exceeds the floor, chance and noise."""
    measured, ratio = one.measured, 1 + one.share_over_main
    limit = max(measured.baseline * ratio, measured.baseline + one.floor)
    noise = measured.noise(rules.alpha) if one.is_latency else 0.0
    is_over = measured.candidate > limit
    is_beyond_chance = measured.excess_bound(ratio, rules.alpha) > 0
    is_beyond_noise = measured.candidate - measured.baseline > noise
    is_breach = is_over and is_beyond_chance and is_beyond_noise
    conclusion = (
        "over, beyond noise" if is_breach else ("over, yet within noise" if is_over else "within")
    )
    because = (
        f"{one.in_unit(measured.candidate)} against main's {one.in_unit(measured.baseline)}, limit "
        f"{one.in_unit(limit)}, noise of this machine {one.in_unit(noise)}: {conclusion}"
    )
    outcome = Outcome.FAILED if is_breach else Outcome.PASSED
    bounds = measured.interval(rules.alpha)
    return _finding(f"{one.metric}_holds_against_main", outcome, one, limit, bounds, because)


def _finding(
    rule: str,
    outcome: Outcome,
    one: _Budget,
    limit: float,
    bounds: tuple[float, float],
    because: str,
) -> Finding:
    return Finding(
        rule=rule,
        outcome=outcome,
        because=f"{one.metric}: {because} (n={one.measured.calls})",
        observed=one.measured.candidate,
        limit=limit,
        n=one.measured.calls,
        interval=bounds,
    )
