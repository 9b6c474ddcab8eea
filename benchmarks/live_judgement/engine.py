"""The product's engine, run over many ramps at once.

Grids, bets, start shares and windows come from `release_assets`; only the loop over replicates is
written again, since a benchmark of two thousand ramps cannot call `look` half a million times.
`checks.py` feeds some of the same ramps through `judge.look` and compares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.reading import NEEDED_FOR
from release_assets.domain.live.state import ALPHA, LiveState
from release_assets.domain.live.streams import (
    MISSING_TOLERATED,
    margin_to_prove,
    missing_stream,
    shares_of,
)
from release_assets.domain.live.traffic import CallCounts, LiveBatch
from release_assets.domain.live.wealth import (
    start_share,
    time_of,
    with_wealth_released,
)
from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
from release_assets.domain.rollout.slo import Slo, read_slo
from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, PROOF, Grid
from release_assets.domain.statistics.windows import boundaries_passed

if TYPE_CHECKING:
    from benchmarks.live_judgement.measures import Array, Floats, Mask

_T0 = datetime(2026, 3, 2, tzinfo=UTC)
LOOK = 20  # scored candidate samples; one sample a second


DRIFT = read_slo("eval_groundedness_drift_max", 0.04)
KNOWN = read_slo("eval_groundedness_min", 0.91)


def plan_of(slo: Slo, samples: tuple[int, ...]) -> RolloutPlan:
    """Stages of so many seconds, at one sample a second, the last of them at 100 %."""
    *below, watch = samples
    last = len(below) - 1
    shares = (1, 10, 50)
    stages = [
        CanaryStage(
            index=i,
            traffic_pct=shares[i],
            duration=timedelta(seconds=n),
            slos=(slo,),
            evidence="proof" if i == last else "guard",
        )
        for i, n in enumerate(below)
    ]
    full = CanaryStage(
        index=last + 1,
        traffic_pct=100,
        duration=timedelta(seconds=watch),
        slos=(slo,),
        evidence="guard",
    )
    return RolloutPlan(stages=(*stages, full), auto_rollback=True, notify=())


RAMP = (150, 600, 1500, 1500)
POLICY = (160, 600, 1500, 1500)


@dataclass(frozen=True, kw_only=True)
class RampStream:
    """Growth of each bet per ramp and look, the log shares of wealth, and the share of alpha."""

    growth: Array  # ramps x looks x bets
    log_weights: Array
    share: float


def growth(gains: Floats, bets: Array, look: int = LOOK) -> Array:
    """Log growth per look; gains are ramps x samples, and few distinct values are counted."""
    ramps, samples = gains.shape
    by_look = gains[:, : samples // look * look].reshape(ramps, -1, look)
    values = np.unique(gains[: min(ramps, 50)])
    if len(values) > 40:
        parts = [
            np.log1p(by_look[i : i + 50, ..., None] * bets).sum(axis=2) for i in range(0, ramps, 50)
        ]
        return np.concatenate(parts)
    values = np.unique(gains)
    seen = np.stack([(by_look == v).sum(axis=2) for v in values], axis=-1).astype(float)
    grown: Array = seen @ np.log1p(np.outer(values, bets))
    return grown


def ramp_stream(
    gains: Floats, *, bound: float, grid: Grid, share: float, look: int = LOOK
) -> RampStream:
    bets = np.asarray(grid.fractions) / bound
    return RampStream(growth=growth(gains, bets, look), log_weights=grid.log_weights, share=share)


def missing_ramps(plan: RolloutPlan, lacks: Array, look: int = LOOK) -> RampStream:
    """The stream of missing scores that comes with every scored SLO."""
    share = shares_of(plan)[missing_stream("groundedness").group]
    gains, bound = lacks - MISSING_TOLERATED, 1 + MISSING_TOLERATED
    return ramp_stream(gains, bound=bound, grid=DIFFERENCE, share=share, look=look)


def drift_streams(
    plan: RolloutPlan, drops: Array, lacks: Array | None = None, look: int = LOOK
) -> list[RampStream]:
    slo = plan.stages[0].slos[0]
    own = ramp_stream(
        drops - slo.tolerated,
        bound=1 + slo.tolerated,
        grid=DIFFERENCE,
        share=shares_of(plan)[slo.group],
        look=look,
    )
    return [own, missing_ramps(plan, np.zeros_like(drops) if lacks is None else lacks, look)]


def level_streams(plan: RolloutPlan, scores: Array, look: int = LOOK) -> list[RampStream]:
    slo = plan.stages[0].slos[0]
    own = ramp_stream(
        slo.limit - scores,
        bound=1 - slo.limit,
        grid=LEVEL,
        share=shares_of(plan)[slo.group],
        look=look,
    )
    return [own, missing_ramps(plan, np.zeros_like(scores), look)]


def schedule(plan: RolloutPlan, looks: int, look_s: float = LOOK) -> Array:
    """What is released at each look when stages follow as planned (docs/methods.md, E2)."""
    state, released = LiveState(plan_digest=plan.digest), np.zeros(looks)
    for at in range(looks):
        stage = stage_at(plan, at * look_s)
        if stage != state.stage:
            state = replace(state, stage=stage, elapsed_s=0.0)
        empty = CallCounts()
        since = _T0 + timedelta(seconds=at * look_s)
        one = LiveBatch(
            id=at + 1,
            stage=stage,
            since=since,
            until=since + timedelta(seconds=look_s),
            candidate=empty,
            stable=empty,
        )
        after = with_wealth_released(state, one, plan)
        released[at] = after.released - state.released
        state = replace(after, elapsed_s=after.elapsed_s + look_s)
    return released


def stage_at(plan: RolloutPlan, second: float) -> int:
    """The stage at a time when stages follow each other as planned, begun at a look's start."""
    starts = np.cumsum([0, *(s.duration.total_seconds() for s in plan.stages[:-1])])
    return int(np.searchsorted(starts, second + 1e-9, side="right") - 1)


def evidence(streams: list[RampStream], released: Array) -> Array:
    """E_total per ramp and look."""
    ramps, looks, _ = streams[0].growth.shape
    wealth = [np.full((ramps, len(s.log_weights)), -np.inf) for s in streams]
    total, so_far = np.empty((ramps, looks)), 0.0
    for at in range(looks):
        so_far += released[at]
        total[:, at] = max(0.0, 1 - so_far)
        for s, held in zip(streams, wealth, strict=True):
            with np.errstate(divide="ignore"):
                added = s.log_weights + np.log(released[at] * s.share)
            np.logaddexp(held, added, out=held)
            np.add(held, s.growth[:, at], out=held)
            total[:, at] += np.exp(np.minimum(held, 600)).sum(axis=1)
    return total


def first_look(crossed: Mask) -> Array:
    """The first look that crossed, counted from 1; infinite where none did."""
    first = crossed.argmax(axis=1) + 1.0
    return np.where(crossed.any(axis=1), first, np.inf)


def breach_looks(streams: list[RampStream], released: Array, alpha: float = ALPHA) -> Array:
    return first_look(evidence(streams, released) >= 1 / alpha)


def _even_shares(plan: RolloutPlan, look: int) -> Array:
    """What is spread evenly, for each stage and each look inside it."""
    longest = max(time_of(plan, stage)[1] for stage in plan.stages)
    shares = np.zeros((len(plan.stages), int(longest // look) + 2))
    for stage in plan.stages:
        for at in range(shares.shape[1]):
            since = _T0 + timedelta(seconds=at * look)
            one = LiveBatch(
                id=1,
                stage=stage.index,
                since=since,
                until=since + timedelta(seconds=look),
                candidate=CallCounts(),
                stable=CallCounts(),
            )
            begun = LiveState(
                plan_digest="", stage=stage.index, furthest=9, elapsed_s=float(at * look)
            )
            shares[stage.index, at] = with_wealth_released(begun, one, plan).released
    return shares


@dataclass(frozen=True, kw_only=True)
class Ends:
    """What became of each ramp of the whole policy, and at which sample."""

    rolled_back: Array
    promoted: Array
    held: Array
    samples: Array


class _Ramps:
    """Many ramps of one plan, each at its own stage; `step` takes one look of all of them."""

    def __init__(self, plan: RolloutPlan, drops: Array, look: int) -> None:
        slo, self.plan, self.look, n = plan.stages[0].slos[0], plan, look, len(drops)
        self.stages, bets = plan.stages[:-1], np.asarray(PROOF.fractions)
        self.against = drift_streams(plan, drops, look=look)
        margins = [margin_to_prove(plan, stage, slo) for stage in self.stages]
        self.grown = [growth(m - drops, bets / (1 - m), look) for m in margins]
        self.starts = np.asarray([start_share(plan, s.index) for s in plan.stages])
        self.even = _even_shares(plan, look)
        self.stage, self.elapsed = np.zeros(n, int), np.zeros(n)
        self.boundaries, self.so_far = np.zeros(n, int), np.zeros(n)
        self.windows = np.zeros((n, 3, len(bets)))
        self.wealth = [np.full((n, len(s.log_weights)), -np.inf) for s in self.against]
        self.fresh, self.end = np.ones(n, bool), np.full(n, "", dtype="<U8")
        self.ended_at = np.zeros(n)

    def step(self, at: int) -> None:
        total, moved = self._bet(at), np.zeros(len(self.end), bool)
        for i, stage in enumerate(self.stages):
            here = (self.end == "") & (self.stage == i) & ~moved
            self._turn_windows(here, stage.duration.total_seconds())
            for w in range(3):
                take = here & (self.boundaries >= w)
                self.windows[take, w] += self.grown[i][take, at]
            self.elapsed[here] += self.look
            moved |= self._decide(here, stage, total)
        self.ended_at[(self.end != "") & (self.ended_at == 0)] = (at + 1) * self.look

    def _bet(self, at: int) -> Array:
        """E_total of each ramp after this look."""
        inside = self.even[self.stage, (self.elapsed // self.look).astype(int)]
        released = np.where(self.fresh, self.starts[self.stage], 0.0) + inside
        self.fresh[:] = False
        self.so_far += released
        total = np.maximum(0.0, 1 - self.so_far)
        for s, held in zip(self.against, self.wealth, strict=True):
            with np.errstate(divide="ignore"):  # beyond the planned time nothing is handed out
                added = s.log_weights + np.log(released * s.share)[:, None]
            np.logaddexp(held, added, out=held)
            np.add(held, s.growth[:, at], out=held)
            total += np.exp(np.minimum(held, 600)).sum(axis=1)
        return total

    def _turn_windows(self, here: Mask, planned: float) -> None:
        for elapsed in np.unique(self.elapsed[here]):
            now = boundaries_passed(elapsed, elapsed + self.look, planned)
            those = here & (self.elapsed == elapsed)
            for mark in range(now):
                turn = those & (self.boundaries <= mark)
                if mark >= 2:
                    self.windows[turn, 1] = self.windows[turn, 2]
                    self.windows[turn, 2] = 0.0
            self.boundaries[those] = now

    def _decide(self, here: Mask, stage: CanaryStage, total: Array) -> Mask:
        planned, longest = stage.duration.total_seconds(), stage.longest.total_seconds()
        shown = np.logaddexp.reduce(self.windows[:, :2] + PROOF.log_weights, axis=2).min(axis=1)
        breach = here & (total >= 1 / ALPHA)
        is_due = self.elapsed >= planned
        proven: Mask = here & ~breach & is_due & (shown >= np.log(NEEDED_FOR))
        late = here & ~breach & ~proven & (self.elapsed >= longest)
        is_last = stage.index == len(self.stages) - 1
        self.end[breach], self.end[late] = "breach", "held"
        if is_last:
            self.end[proven] = "promoted"
            return np.zeros_like(proven)
        self.stage[proven] += 1
        self.elapsed[proven], self.boundaries[proven], self.windows[proven] = 0.0, 0, 0.0
        self.fresh[proven] = True
        return proven


def policy(plan: RolloutPlan, drops: Array, look: int = LOOK) -> Ends:
    """Run the policy: advance by proof on both windows, hold after one extension."""
    ramps, looks = _Ramps(plan, drops, look), drops.shape[1] // look
    for at in range(looks):
        ramps.step(at)
    ramps.end[ramps.end == ""] = "held"
    return Ends(
        rolled_back=ramps.end == "breach",
        promoted=ramps.end == "promoted",
        held=ramps.end == "held",
        samples=np.where(ramps.ended_at > 0, ramps.ended_at, looks * look),
    )


def proven_by(drops: Array, margin: float, look: int = LOOK) -> Array:
    """Pairs until all of them and their second half prove a margin, in a stage that long."""
    grown = np.cumsum(growth(margin - drops, np.asarray(PROOF.fractions) / (1 - margin), look), 1)
    looks = np.arange(2, grown.shape[1] + 1)
    whole = grown[:, looks - 1]
    half = whole - grown[:, looks // 2 - 1]
    shown = [np.logaddexp.reduce(w + PROOF.log_weights, axis=2) for w in (whole, half)]
    return (first_look(np.minimum(*shown) >= np.log(NEEDED_FOR)) + 1) * look
