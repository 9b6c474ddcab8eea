"""How a look moves the wealth that bets: released by a schedule, put on bets, won or lost.

Decides when wealth starts to bet, and which streams a breach names (docs/methods.md, E2, R4, R5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.bets import Growth
from release_assets.domain.live.state import Breach, LiveState
from release_assets.domain.live.streams import shares_of
from release_assets.domain.statistics.bets import evidence, log_sum
from release_assets.domain.statistics.wealth import (
    named_by_e_bh,
    with_new_streams,
    with_wealth_added,
)
from release_assets.domain.statistics.windows import with_boundaries, with_observations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.live.streams import Stream
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.domain.statistics.wealth import RowIndices

_AT_START, _AT_LATER_STAGES, _EVENLY = 0.5, 0.3, 0.2
_AT_STAGE = 0.1
_IN_PLAN = 0.95  # of what is spread evenly, for the planned durations without their extensions
_NAMING = 0.05  # false discovery rate among the named streams of an SLO; a name is not a verdict

# Why E_total is an e-process, however many streams there are and whenever one looks. All wealth
# together is one at the start. At any moment each part of it either waits, and is worth what it is,
# or is on one bet of one stream, which multiplies it by a factor whose mean given the past is at
# most one while the SLO is kept at what is tolerated. Where a part goes is fixed before the
# outcomes that it bets on:
#
# - how much is released follows the plan and the clock;
# - which group gets it follows the plan (`shares_of`);
# - which streams of the group bet now follows from which of them have usable observations in this
#   look, never from what these observations are;
# - a new stream takes an equal share of its group's wealth before its first bet.
#
# So the mean of the sum given the past is at most what it was, and by Ville's inequality the sum
# reaches 1/alpha with probability alpha at most. No list of streams is needed beforehand: slices
# may appear with the traffic.


def time_of(plan: RolloutPlan, stage: CanaryStage) -> tuple[float, float]:
    """Return the seconds that a stage is planned to last, and at most.

    The watch at 100 % has no extension unless one is written: no wealth is kept back for it.
    """
    planned = stage.duration.total_seconds()
    is_watch = stage is plan.stages[-1] and stage.max_duration is None
    return planned, planned if is_watch else max(planned, stage.longest.total_seconds())


def with_wealth_released(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> LiveState:
    """Release half at the ramp's start, a tenth at each later stage, a fifth evenly over its time.

    Of that fifth, most is for the planned durations and some for the extension of each; beyond
    those nothing is left to release.
    """
    evenly = min(_EVENLY - state.released_evenly, _evenly(state, batch, plan))
    now = evenly + _at_stages(state, batch, plan)
    shares = shares_of(plan)
    return replace(
        state,
        furthest=max(state.furthest, batch.stage),
        released=state.released + now,
        released_evenly=state.released_evenly + evenly,
        waiting={g: state.waiting.get(g, 0.0) + now * share for g, share in shares.items()},
    )


def _evenly(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> float:
    """Return what of the evenly released wealth falls on this batch's time."""
    planned, longest = time_of(plan, plan.stages[batch.stage])
    every = [time_of(plan, stage) for stage in plan.stages]
    since, until = state.elapsed_s, state.elapsed_s + batch.seconds
    in_plan = _overlap(since, until, 0.0, planned) / max(1.0, sum(p for p, _ in every))
    later = _overlap(since, until, planned, longest) / max(1.0, sum(x - p for p, x in every))
    return _EVENLY * (_IN_PLAN * in_plan + (1 - _IN_PLAN) * later)


def _overlap(since: float, until: float, begin: float, end: float) -> float:
    return max(0.0, min(until, end) - max(since, begin))


def _at_stages(state: LiveState, batch: LiveBatch, plan: RolloutPlan) -> float:
    begun = range(state.furthest + 1, batch.stage + 1)
    return sum(start_share(plan, index) for index in begun)


def start_share(plan: RolloutPlan, index: int) -> float:
    """Return the share of all wealth that starts with one canary stage."""
    later = min(_AT_STAGE, _AT_LATER_STAGES / max(1, len(plan.stages) - 1))
    return _AT_START if index == 0 else later


def with_bets(state: LiveState, growths: Sequence[Growth], boundaries: int) -> LiveState:
    """Let every bet of a look win or lose, once new streams have their share of the wealth.

    `boundaries` is how many `windows.boundaries_passed` counts behind this look.
    """
    before = state.boundaries
    proofs, sums = (with_boundaries(w, before, boundaries) for w in (state.proofs, state.sums))
    state = replace(state, proofs=proofs, sums=sums, boundaries=boundaries)
    if not growths:
        return state
    growth = Growth.together(growths)
    place = {stream: at for at, stream in enumerate(state.streams)}
    new = sorted(stream for stream in growth.streams if stream not in place)
    state = _with_new_streams(state, new, growth) if new else state
    place |= {stream: at for at, stream in enumerate(new, len(place))}
    return _with_wins(state, growth, np.asarray([place[stream] for stream in growth.streams]))


def _with_new_streams(state: LiveState, new: list[Stream], growth: Growth) -> LiveState:
    row = {stream: at for at, stream in enumerate(growth.streams)}
    held = with_new_streams(
        state.wealth.rows,
        [stream.group for stream in state.streams],
        [stream.group for stream in new],
        growth.log_weights[[row[stream] for stream in new]],
    )
    return replace(state, streams=(*state.streams, *new), wealth=state.wealth.with_rows(held))


def _with_wins(state: LiveState, growth: Growth, own: RowIndices) -> LiveState:
    """Add up what the streams in the rows `own` have won and seen."""
    groups, n = [stream.group for stream in growth.streams], len(state.streams)
    held, waiting = with_wealth_added(
        state.wealth.rows, own, groups, growth.log_weights, state.waiting
    )
    held[own] += growth.against
    return replace(
        state,
        wealth=state.wealth.with_rows(held),
        waiting=waiting,
        proofs=with_observations(state.proofs, n, own, growth.proof, state.boundaries),
        sums=with_observations(state.sums, n, own, growth.sums, state.boundaries),
    )


def evidence_against(state: LiveState) -> float:
    """Return E_total: what all wealth is worth, of one at the start (docs/methods.md, E10)."""
    idle = max(0.0, 1.0 - state.released) + sum(state.waiting.values())
    return idle + evidence(log_sum(state.wealth.rows.ravel()))


def with_breach(state: LiveState, shares: Mapping[str, float]) -> LiveState:
    """Latch the first look at which the evidence is complete; `shares` are those of the plan."""
    total = evidence_against(state)
    if state.breach is not None or total < state.needed_against:
        return state
    named = _named(state, shares)
    breach = Breach(batch=state.last_batch, stage=state.stage, evidence=total, streams=named)
    return replace(state, breach=breach)


def _named(state: LiveState, shares: Mapping[str, float]) -> tuple[Stream, ...]:
    """Return the streams to name: the richest one, and what e-BH confirms of each group."""
    # The verdict is the sum of all wealth; a name only shows people where to look. The richest
    # stream is always named, since a breach without a name would be of no use. Others are named by
    # their own e-value: the wealth of a stream over what its group would have given it in equal
    # parts. Many streams of one SLO fail together (every pair with the bad slice in it), and 462
    # pairs are many chances, so e-BH bounds the share of wrong names in each group.
    streams = state.streams
    logs = np.logaddexp.reduce(state.wealth.rows, axis=1).tolist()
    worth = dict(zip(streams, logs, strict=True))
    richest = max(streams, key=lambda stream: (worth[stream], stream))
    groups: dict[str, list[Stream]] = {}
    for stream in streams:
        groups.setdefault(stream.group, []).append(stream)
    named = [richest]
    for group, members in groups.items():
        given = state.released * shares[group] / len(members)
        named += named_by_e_bh({s: evidence(worth[s]) / given for s in members}, _NAMING)
    return tuple(dict.fromkeys(named))
