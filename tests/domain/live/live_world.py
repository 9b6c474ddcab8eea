"""Plans and batches for the tests of live judgement: small, seeded, as the example's plan is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from release_assets.domain.live import judge
from release_assets.domain.live.traffic import CallCounts, LiveBatch, ScoredCall, ScoredPair
from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
from release_assets.domain.rollout.slo import read_slo

if TYPE_CHECKING:
    import numpy as np

T0 = datetime(2026, 3, 2, tzinfo=UTC)
LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")


SEED = {
    "p95_latency_ms_max": 4500,
    "error_rate_max": 0.01,
    "eval_groundedness_drift_max": 0.04,
    "cost_per_call_usd_max": 0.014,
    "feedback_negative_rate_max": 0.05,
}
LATER = SEED | {"eval_groundedness_drift_max": 0.03, "fairness_locale_delta_max": 0.04}
STAGES = ((1, 9, SEED, "guard"), (10, 12, LATER, "guard"), (50, 15, LATER, "proof"))


def plan(stages=STAGES, *, budget: float | None = 90_000, min_samples: int = 0) -> RolloutPlan:
    """The demo's plan, or any stages of (traffic share, seconds, SLOs, evidence)."""
    made = [
        CanaryStage(
            index=index,
            traffic_pct=share,
            duration=timedelta(seconds=seconds),
            slos=tuple(read_slo(name, limit) for name, limit in limits.items()),
            evidence=evidence,
            min_samples=min_samples,
        )
        for index, (share, seconds, limits, evidence) in enumerate(stages)
    ]
    full = replace(
        made[-1], index=len(made), traffic_pct=100, duration=timedelta(seconds=6), evidence="guard"
    )
    return RolloutPlan(
        stages=(*made, full),
        auto_rollback=True,
        notify=(),
        scoring_budget_per_hour=budget,
    )


def only(
    limits: dict[str, float], *, seconds: float = 10, evidence: str = "proof", budget=90_000
) -> RolloutPlan:
    """A plan of one canary stage with these SLOs."""
    return plan(((50, seconds, limits, evidence),), budget=budget)


def pair(candidate, stable, *, unit: str, locale: str = "en-US", version: str = "1") -> ScoredPair:
    return ScoredPair(
        unit=unit,
        at=T0,
        scorer="groundedness",
        scorer_version=version,
        candidate=candidate,
        stable=stable,
        slices={"locale": locale},
    )


def call(score, *, unit: str, is_candidate: bool, locale: str = "en-US") -> ScoredCall:
    return ScoredCall(
        unit=unit,
        at=T0,
        scorer="groundedness",
        scorer_version="1",
        is_candidate=is_candidate,
        score=score,
        slices={"locale": locale},
    )


def healthy(requests: int) -> CallCounts:
    return CallCounts(
        requests=requests,
        feedback=requests // 5,
        costs_usd=(0.01,) * requests,
        latencies_ms=(120.0,) * requests,
    )


def batch(
    number: int,
    *,
    pairs=(),
    calls=(),
    candidate: CallCounts | None = None,
    stable: CallCounts | None = None,
    stage: int = 0,
    seconds: float = 5,
) -> LiveBatch:
    since = T0 + timedelta(seconds=(number - 1) * seconds)
    return LiveBatch(
        id=number,
        stage=stage,
        since=since,
        until=since + timedelta(seconds=seconds),
        candidate=candidate or CallCounts(),
        stable=stable or CallCounts(),
        pairs=tuple(pairs),
        calls=tuple(calls),
    )


def scored(rng: np.random.Generator, n: int, *, drop: float = 0.0, level: float = 0.93, tag=""):
    """Replayed binary scores: stable right with `level`, the candidate wrong `drop` more often."""
    stable = rng.random(n) < level
    lost = stable & (rng.random(n) < drop / level)
    return [
        pair(float(s and not f), float(s), unit=f"{tag}{i}", locale=LOCALES[i % len(LOCALES)])
        for i, (s, f) in enumerate(zip(stable, lost, strict=True))
    ]


def same(n: int, *, tag: str = "", score: float = 1.0) -> list[ScoredPair]:
    """Identical answers in all locales."""
    return [
        pair(score, score, unit=f"{tag}{i}", locale=LOCALES[i % len(LOCALES)]) for i in range(n)
    ]


def judged(the_plan: RolloutPlan, batches) -> judge.LiveJudgement:
    return judge.judge(run(the_plan, batches), the_plan)


def run(the_plan: RolloutPlan, batches):
    state = judge.start(the_plan)
    for one in batches:
        state = judge.look(state, one, the_plan)
    return state
