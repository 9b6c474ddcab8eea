"""How a look moves the betting capital: handed out by a schedule, staked, won or lost.

Decides when capital starts to bet (E2) and which streams a breach names. The schedule follows
the plan and the clock alone; capital that has not started, or whose SLO has no stream yet, waits
and counts as what it is. So E_total is an e-process over the whole ramp and all streams (E10).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.offers import together
from release_assets.domain.live.state import Breach, LiveState
from release_assets.domain.live.streams import shares_of
from release_assets.domain.statistics.bets import evidence, log_sum
from release_assets.domain.statistics.capital import (
    named_by_e_bh,
    with_deposits,
    with_newcomers,
)
from release_assets.domain.statistics.windows import with_marks, with_observations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.live.offers import Offers
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.statistics.capital import Key, Seats

_AT_START, _AT_LATER_STAGES, _AT_LOOKS = 0.5, 0.3, 0.2
_AT_STAGE = 0.1
_IN_PLAN = 0.95  # of what is spread evenly, for the planned durations without their extensions
_NAMING = 0.05  # false discovery rate among the named streams of an SLO; a name is no verdict


def time_of(plan: RolloutPlan, stage: CanaryStage) -> tuple[float, float]:
    """Return the seconds that a stage is planned to last, and at most.

    The watch at 100 % has no extension unless one is written: nothing is kept back for it.
    """
    planned = stage.duration.total_seconds()
    is_watch = stage is plan.stages[-1] and stage.max_duration is None
    return planned, planned if is_watch else max(planned, stage.longest.total_seconds())


def seconds_of(batch: LiveBatch) -> float:
    """Seconds that a batch covers."""
    return max(0.0, (batch.until - batch.since).total_seconds())


def with_capital_handed_out(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> LiveState:
    """Half at the ramp's start, a tenth at each later stage, a fifth evenly over its time (rule 4).

    Of that fifth, most is for the planned durations and some for the extension of each; beyond
    those nothing is left to hand out.
    """
    even = min(_AT_LOOKS - state.spread, _evenly(state, batch, plan))
    dose = even + _at_stages(state, batch, plan)
    shares = shares_of(plan)
    return replace(
        state,
        furthest=max(state.furthest, batch.stage),
        spent=state.spent + dose,
        spread=state.spread + even,
        waiting={g: state.waiting.get(g, 0.0) + dose * share for g, share in shares.items()},
    )


def _evenly(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> float:
    """The share of `_AT_LOOKS` that falls on this batch's time."""
    planned, longest = time_of(plan, plan.stages[batch.stage])
    every = [time_of(plan, stage) for stage in plan.stages]
    since, until = state.elapsed_s, state.elapsed_s + seconds_of(batch)
    in_plan = _overlap(since, until, 0.0, planned) / max(1.0, sum(p for p, _ in every))
    later = _overlap(since, until, planned, longest) / max(1.0, sum(x - p for p, x in every))
    return _AT_LOOKS * (_IN_PLAN * in_plan + (1 - _IN_PLAN) * later)


def _overlap(since: float, until: float, begin: float, end: float) -> float:
    return max(0.0, min(until, end) - max(since, begin))


def _at_stages(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> float:
    begun = range(state.furthest + 1, batch.stage + 1)
    return sum(start_share(plan, index) for index in begun)


def start_share(plan: RolloutPlan, index: int) -> float:
    """The share of all capital that starts with one canary stage."""
    later = min(_AT_STAGE, _AT_LATER_STAGES / max(1, len(plan.stages) - 1))
    return _AT_START if index == 0 else later


def with_bets(state: LiveState, offers: Sequence[Offers], marks: int) -> LiveState:
    """Seat newcomers, hand out what waits, then let every bet win or lose.

    `marks` is what `windows.marks_passed` says of this look.
    """
    proofs, sums = (with_marks(w, state.marks, marks) for w in (state.proofs, state.sums))
    state = replace(state, proofs=proofs, sums=sums, marks=marks)
    if not any(part.keys for part in offers):
        return state
    every = together(offers)
    place = {key: at for at, key in enumerate(state.streams)}
    fresh = sorted(key for key in every.keys if key not in place)
    state = _with_seats(state, fresh, every) if fresh else state
    place |= {key: at for at, key in enumerate(fresh, len(place))}
    return _with_wins(state, every, np.asarray([place[key] for key in every.keys]))


def _with_seats(state: LiveState, fresh: list[Key], offers: Offers) -> LiveState:
    weights = dict(zip(offers.keys, offers.log_weights, strict=True))
    newcomers = {key: weights[key] for key in fresh}
    held = with_newcomers(state.capital.rows, state.streams, newcomers)
    return replace(state, streams=(*state.streams, *fresh), capital=state.capital.with_rows(held))


def _with_wins(state: LiveState, offers: Offers, own: Seats) -> LiveState:
    """`own` are the rows of the streams that bet."""
    keys, weights, n = offers.keys, offers.log_weights, len(state.streams)
    held, waiting = with_deposits(state.capital.rows, own, keys, weights, state.waiting)
    held[own] += offers.grown
    return replace(
        state,
        capital=state.capital.with_rows(held),
        waiting=waiting,
        proofs=with_observations(state.proofs, n, own, offers.earned, state.marks),
        sums=with_observations(state.sums, n, own, offers.tallies, state.marks),
    )


def evidence_against(state: LiveState) -> float:
    """E_total: what all capital is worth, of one at the start (E10)."""
    idle = max(0.0, 1.0 - state.spent) + sum(state.waiting.values())
    return idle + evidence(log_sum(state.capital.rows.ravel()))


def with_breach(state: LiveState, shares: Mapping[str, float]) -> LiveState:
    """Latch the first look at which the evidence is complete; `shares` are those of the plan."""
    total = evidence_against(state)
    if state.breach is not None or total < state.needed_against:
        return state
    named = _guilty(state, shares)
    breach = Breach(batch=state.last_batch, stage=state.stage, evidence=total, streams=named)
    return replace(state, breach=breach)


def _guilty(state: LiveState, shares: Mapping[str, float]) -> tuple[Key, ...]:
    """The streams to name: the richest one, and what e-BH confirms of each group (rule 5)."""
    keys = state.streams
    worth = dict(zip(keys, np.logaddexp.reduce(state.capital.rows, axis=1).tolist(), strict=True))
    richest = max(keys, key=lambda key: (worth[key], key))
    groups = {group: [key for key in keys if key[0] == group] for group, *_ in keys}
    given = {group: state.spent * shares[group] / len(groups[group]) for group in groups}
    confirmed = [
        key
        for group, members in groups.items()
        for key in named_by_e_bh({k: evidence(worth[k]) / given[group] for k in members}, _NAMING)
    ]
    return tuple(dict.fromkeys((richest, *confirmed)))
