"""Recordings for the tests of backtests: seeded, small, in the format that people bring."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from release_assets.domain.backtest.calls import RecordedCall, RecordingNeeds
from release_assets.domain.backtest.run import run_plans
from release_assets.domain.backtest.verdict import conclude_backtest
from release_assets.domain.backtest.windows import CallWindows
from release_assets.domain.rollout.plan import read_rollout_plan
from tests.domain.live.live_world import LOCALES, T0

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.backtest.run import BacktestRun

PLAN = """\
canary_stages:
  - traffic_pct: 1
    duration_min: 1
    slos:
      p95_latency_ms_max: 4500
      error_rate_max: 0.01
      eval_groundedness_drift_max: 0.04
      cost_per_call_usd_max: 0.014
      feedback_negative_rate_max: 0.05
  - traffic_pct: 10
    duration_min: 2
  - traffic_pct: 50
    duration_min: 3
  - traffic_pct: 100
auto_rollback: true
watch_min: 1
"""
DRIFT = "eval_groundedness_drift_max"
TEN_S = timedelta(seconds=10)


def plan(text=PLAN, **changed):
    """The short plan of these tests, with words replaced."""
    for old, new in changed.items():
        text = text.replace(old, new)
    return read_rollout_plan(text, file="plan.yaml")


def row(at_s, arm, unit, score=None, *, locale="en-US", pair=None, **more):
    """One recorded call; without a score it was not looked at by a scorer."""
    made = {
        "at": (T0 + timedelta(seconds=at_s)).isoformat(),
        "arm": arm,
        "unit": unit,
        "latency_ms": 800.0,
        "error": False,
        "cost_usd": 0.01,
        "feedback": None,
        "scores": {} if score is None else {"groundedness": score},
        "slices": {"locale": locale},
    }
    return made | ({"pair": pair} if pair else {}) | more


def replays(seconds, *, drop=0.0, onset_s=0.0, per_s=10, seed=1, start_s=0.0, candidate=None):
    """Paired replays: stable right in 93 %, the candidate wrong `drop` more often from `onset_s`.

    `candidate` may change the candidate's row: a function of the generator and the row.
    """
    rng, made = Random(seed), []
    for n in range(int(seconds * per_s)):
        at_s = start_s + n / per_s
        stable = rng.random() < 0.93
        lost = at_s >= onset_s and rng.random() < drop / 0.93
        shared = {"locale": LOCALES[n % 5], "pair": f"{seed}-{start_s}-{n}"}
        rated = "positive" if rng.random() < 0.1 else None
        ours = row(at_s, "candidate", f"u{n}", float(stable and not lost), **shared)
        ours |= {"feedback": rated, "latency_ms": 400 + 2000 * rng.random()}
        theirs = row(at_s, "stable", f"u{n}", float(stable), **shared)
        made += [candidate(rng, ours) if candidate else ours, theirs]
    return made


def two_arms(seconds, *, drop=0.0, onset_s=0.0, per_s=30, share=0.5, seed=1):
    """Scored calls of both arms, each its own request."""
    rng, made = Random(seed), []
    for n in range(int(seconds * per_s)):
        at_s, is_candidate = n / per_s, rng.random() < share
        right = 0.93 - (drop if is_candidate and at_s >= onset_s else 0.0)
        arm = "candidate" if is_candidate else "stable"
        rated = "positive" if rng.random() < 0.1 else None
        score = float(rng.random() < right)
        made.append(row(at_s, arm, f"u{n}", score, locale=LOCALES[n % 5], feedback=rated))
    return made


def recorded(rows):
    """Rows as the domain sees them."""
    for line, one in enumerate(rows, start=1):
        yield RecordedCall(
            line=line,
            at=datetime.fromisoformat(one["at"]),
            is_candidate=one["arm"] == "candidate",
            unit=one["unit"],
            latency_ms=math.inf if one["latency_ms"] is None else one["latency_ms"],
            cost_usd=one["cost_usd"],
            error=one["error"],
            timeout=one.get("timeout", False),
            refusal=one.get("refusal", False),
            is_negative=None if one["feedback"] is None else one["feedback"] == "negative",
            scores=one["scores"],
            slices=one["slices"],
            pair=one.get("pair"),
            versions=one.get("versions", {}),
        )


def windows(rows, *plans, every=TEN_S, matures_after=timedelta()):
    """The cutter of a recording, and its windows to come."""
    needs = RecordingNeeds.of(*plans)
    cutter = CallWindows(needs, every=every, matures_after=matures_after, file="calls.jsonl")
    return cutter, cutter.cut(recorded(rows))


def backtests(rows, *plans, every=TEN_S, matures_after=timedelta(), **how):
    """What each plan concludes."""
    cutter, cut = windows(rows, *plans, every=every, matures_after=matures_after)
    runs: Sequence[BacktestRun | None] = run_plans(plans, cut, **how) or [None] * len(plans)
    return [
        conclude_backtest(run, cutter.facts, RecordingNeeds.of(one), plan_digest=one.digest)
        for run, one in zip(runs, plans, strict=True)
    ]


def backtest(rows, the_plan=None, **how):
    """What one plan concludes."""
    return backtests(rows, the_plan or plan(), **how)[0]
