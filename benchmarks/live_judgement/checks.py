"""The benchmark's own honesty: it measures the product, fast enough, small enough, repeatably."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.live_judgement import engine, scenarios
from benchmarks.live_judgement.engine import DRIFT, LOOK, POLICY, RAMP
from benchmarks.live_judgement.measures import Array, Bar, Ints
from release_assets.domain.live import judge
from release_assets.domain.live.state import LiveState
from release_assets.domain.live.traffic import CallCounts, LiveBatch, ScoredPair
from release_assets.domain.live.wealth import evidence_against
from release_assets.domain.rollout.slo import read_slo

if TYPE_CHECKING:
    from numpy.random import Generator

    from benchmarks.live_judgement.run import Run
    from release_assets.domain.rollout.plan import RolloutPlan

_T0 = datetime(2026, 3, 2, tzinfo=UTC)
_ROUNDED = 1e-9  # sums of logs in another order


def batch(
    number: int,
    drops: Array,
    *,
    stage: int,
    since: float,
    look: int = LOOK,
    lost: Ints | None = None,
    counted: bool = True,
) -> LiveBatch:
    """A look at replayed pairs; `lost` counts the arms whose score is missing: 1 the candidate."""
    lost = np.zeros(len(drops), int) if lost is None else lost
    pairs = tuple(
        ScoredPair(
            unit=f"{number}-{i}",
            at=_T0,
            scorer="groundedness",
            scorer_version="1",
            candidate=None if lost[i] else (0.0 if d > 0 else 1.0),
            stable=None if lost[i] > 1 else (0.0 if d < 0 else 1.0),
            slices={"locale": ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")[i % 5]},
        )
        for i, d in enumerate(drops)
        if counted or not lost[i]
    )
    at = _T0 + timedelta(seconds=since)
    return LiveBatch(
        id=number,
        stage=stage,
        since=at,
        until=at + timedelta(seconds=look),
        candidate=CallCounts(),
        stable=CallCounts(),
        pairs=pairs,
    )


def agrees_on_evidence(rng: Generator, ramps: int = 3) -> bool:
    """The same ramps through `look`: the same E at every look."""
    plan = engine.plan_of(DRIFT, RAMP)
    released = engine.schedule(plan, scenarios.SAMPLES // LOOK)
    drops = scenarios.replayed(rng, scenarios.harm(0.06, onset=760), ramps)
    fast = engine.evidence(engine.drift_streams(plan, drops), released)
    for r in range(ramps):
        state = judge.start(plan)
        for at in range(fast.shape[1]):
            stage = engine.stage_at(plan, at * LOOK)
            rows = drops[r, at * LOOK : (at + 1) * LOOK]
            state = judge.look(state, batch(at + 1, rows, stage=stage, since=at * LOOK), plan)
            if not math.isclose(evidence_against(state), fast[r, at], rel_tol=_ROUNDED):
                return False
    return True


def agrees_on_outcomes(rng: Generator, ramps: int = 6) -> bool:
    """The same ramps through `look` and `judge`, stage by stage: the same ends."""
    plan = engine.plan_of(DRIFT, POLICY)
    longest = 2 * sum(POLICY[:-1])
    harm = np.repeat([[0.0], [0.01], [0.08]], -(-ramps // 3), axis=0)[:ramps]
    drops = np.vstack([scenarios.replayed(rng, scenarios.harm(h[0], longest), 1) for h in harm])
    ends = engine.policy(plan, drops)
    for r in range(ramps):
        expected = "breach" if ends.rolled_back[r] else "promoted" if ends.promoted[r] else "held"
        if product_end(plan, drops[r]) != (expected, ends.samples[r]):
            return False
    return True


def product_end(
    plan: RolloutPlan, drops: Array, lost: Ints | None = None, *, counted: bool = True
) -> tuple[str, int]:
    """How one ramp of the whole policy ends, and after how many samples."""
    state, stage = judge.start(plan), 0
    for at in range(len(drops) // LOOK):
        rows = slice(at * LOOK, (at + 1) * LOOK)
        gone = None if lost is None else lost[rows]
        one = batch(at + 1, drops[rows], stage=stage, since=at * LOOK, lost=gone, counted=counted)
        state = judge.look(state, one, plan)
        judgement = judge.judge(state, plan)
        here = plan.stages[stage]
        if judgement.outcome == "failed":
            return "breach", (at + 1) * LOOK
        planned, longest = (s.total_seconds() for s in (here.duration, here.longest))
        if judgement.outcome == "passed" and state.elapsed_s >= planned:
            stage += 1
            if stage == len(plan.stages) - 1:
                return "promoted", (at + 1) * LOOK
        elif state.elapsed_s >= longest:
            return "held", (at + 1) * LOOK
    return "held", len(drops)


def replays_exactly(rng: Generator) -> bool:
    """A stored ramp, looked at again from JSON documents, gives the same bits."""
    plan = engine.plan_of(DRIFT, RAMP)
    drops = scenarios.replayed(rng, scenarios.harm(0.05), 1)[0]
    straight, resumed = judge.start(plan), judge.start(plan)
    for at in range(60):
        one = batch(at + 1, drops[at * LOOK : (at + 1) * LOOK], stage=0, since=at * LOOK)
        straight = judge.look(straight, one, plan)
        resumed = LiveState.from_document(json.loads(json.dumps(resumed.document())))
        resumed = judge.look(resumed, one, plan)
    return straight == resumed


FAIRNESS = read_slo("fairness_locale_delta_max", 0.04)
LOOSE = read_slo("eval_groundedness_drift_max", 0.5)


def fairness_units(rng: Generator, gap: float, looks: int = 75) -> float:
    """Units per locale until a breach when one of five locales is `gap` worse; else infinite."""
    plan = engine.plan_of(FAIRNESS, (looks * LOOK, 1000))
    stages = tuple(replace(stage, slos=(LOOSE, FAIRNESS)) for stage in plan.stages)
    plan = replace(plan, stages=stages)
    state = judge.start(plan)
    for at in range(looks):
        drops = rng.choice([-1.0, 0.0, 1.0], p=[0.02, 0.96, 0.02], size=LOOK)
        worse = (np.arange(LOOK) % 5 == 4) & (rng.random(LOOK) < gap)
        rows = np.where(worse, 1.0, drops)
        state = judge.look(state, batch(at + 1, rows, stage=0, since=at * LOOK), plan)
        if state.breach:
            return (at + 1) * LOOK / 5
    return math.inf


def look_ms(rng: Generator, pairs: int = 500, slices: int = 5) -> tuple[float, LiveState]:
    """One whole `look` of the example's SLOs at replayed pairs, each two scores, in some slices."""
    from tests.domain.live.live_world import plan

    the_plan, batches = plan(), [example_batch(rng, n, pairs, slices) for n in range(1, 101)]
    for _ in range(2):  # the first time warms the caches
        state, times = judge.start(the_plan), []
        for one in batches:
            began = time.process_time()
            state = judge.look(state, one, the_plan)
            times.append((time.process_time() - began) * 1e3)
    return float(np.median(times)), state


def example_batch(rng: Generator, number: int, pairs: int, slices: int) -> LiveBatch:
    from tests.domain.live.live_world import healthy

    drops = rng.choice([-1.0, 0.0, 1.0], p=[0.02, 0.96, 0.02], size=pairs)
    one = batch(number, drops, stage=1, since=number * LOOK)
    rows = [replace(p, slices={"locale": f"l-{i % slices}"}) for i, p in enumerate(one.pairs)]
    return replace(one, pairs=tuple(rows), candidate=healthy(100), stable=healthy(900))


def all_checks(run: Run) -> dict[str, bool | float]:
    rng = np.random.default_rng([run.seed, 10_000])
    agrees = agrees_on_evidence(rng) and agrees_on_outcomes(rng)
    whole, _ = look_ms(rng)
    many, state = look_ms(rng, slices=22)
    streams = len(state.streams)
    size = sum(len(t.packed) for t in (state.wealth, state.proofs, state.sums)) / streams
    run.bars += [
        Bar(name="ms of a look, the example's plan", promised=2.0, measured=whole, error=0.0),
        Bar(name=f"ms of a look, {streams} streams", promised=2.0, measured=many, error=0.0),
        Bar(name="bytes a stream", promised=400, measured=size, error=0.0),
    ]
    return {
        "agrees with the product": agrees,
        "replay gives the same bits": replays_exactly(rng),
        "ms, a whole look of the example's plan in five locales with 1,000 scores": whole,
        f"ms, the same in 22 locales, {streams} streams": many,
        "bytes a stream": size,
    }
