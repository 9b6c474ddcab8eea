"""One look at a canary stage: read the router and the new calls, judge, decide, and store it all.

Decides what one look covers and sees; what follows from it, `domain/rollout/decision.py` decides.
Refuses to act: a look is stored, with its decision, before anybody acts upon it (law 9), so that
any decision can be recomputed. A look that fails stores nothing, and the next one covers its time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from release_assets.domain.errors import UnavailableError
from release_assets.domain.live import judge
from release_assets.domain.live.silence import silence
from release_assets.domain.live.state import LiveState
from release_assets.domain.live.streams import latency_limits_ms, needs_latencies
from release_assets.domain.live.traffic import LiveBatch
from release_assets.domain.rollout.decision import (
    LONGEST_LOOK,
    Decision,
    StageObservation,
    advance,
)
from release_assets.domain.rollout.look_decision import LookDecision
from release_assets.domain.rollout.machine import planned_stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from release_assets.domain.live.judge import LiveJudgement
    from release_assets.domain.live.traffic import CallCounts
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.ports import LiveMetrics, ReleaseStore, TrafficRouter

SETTLE = timedelta(seconds=1)  # calls of the last second may not be in the log yet


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look saw, and what was decided on it."""

    observation: StageObservation
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Takes looks at rollouts."""

    live_metrics: LiveMetrics
    traffic_router: TrafficRouter
    release_store: ReleaseStore

    def look(
        self,
        rollout: Rollout,
        plan: RolloutPlan,
        now: datetime,
        *,
        allowed_pct: float | None = None,
        frozen: str | None = None,
    ) -> Look:
        """Take one look, and store what it saw and decided; judged once, each source read once.

        `allowed_pct` is the share that a recorded intent to raise allows, `frozen` why raising is
        stopped, if it is.
        """
        earlier = self.release_store.newest_looks(rollout.release)
        last = next(earlier, None)
        batch = self._batch(rollout, plan, last, now)
        # The state is read after the last look: where another controller looked in between, it
        # holds that look already, ours has the same ordinal, and nothing is counted twice or lost.
        state = judge.look(self.state(rollout, plan), batch, plan)
        older = chain([last] if last else [], earlier)
        seen = self._observe(rollout, judge.judge(state, plan), batch, older, now)
        observation = replace(seen, allowed_pct=allowed_pct, frozen=frozen)
        decision = advance(rollout, observation, plan)
        stored = LookDecision.of(rollout, decision, at=now)
        self.release_store.add_look(rollout.release, batch, state.document(), stored)
        return Look(observation=observation, decision=decision)

    def _observe(
        self,
        rollout: Rollout,
        judgement: LiveJudgement,
        batch: LiveBatch,
        older: Iterable[LiveBatch],
        now: datetime,
    ) -> StageObservation:
        """Put the judgement beside the router's share, and what of the stage's time was seen."""
        pct = self._candidate_pct(rollout)
        return StageObservation(
            now=now,
            outcome=judgement.outcome,
            sentence=judgement.sentence,
            traffic_pct=pct,
            scored=judgement.scored,
            coverage=_coverage(batch, rollout, now),
            unseen=_unseen(chain([batch], older), rollout, now, pct),
        )

    def state(self, rollout: Rollout, plan: RolloutPlan) -> LiveState:
        """Return the evidence so far; replayed from the looks where another version wrote it."""
        stored = self.release_store.live_state(rollout.release)
        if stored and LiveState.can_read(stored):
            return LiveState.from_document(stored)
        return judge.replay(plan, self.release_store.looks(rollout.release))

    def _batch(
        self, rollout: Rollout, plan: RolloutPlan, last: LiveBatch | None, now: datetime
    ) -> LiveBatch:
        """Read everything since the last look of this stage, but for what has not settled."""
        entered = rollout.stage_entered_at
        since = max(last.until, entered) if last else entered
        until = max(since, now - SETTLE)
        stage = planned_stage(rollout, plan)
        return LiveBatch(
            id=last.id + 1 if last else 1,
            stage=rollout.stage,
            since=since,
            until=until,
            candidate=self._counts(rollout.release_digest, since, until, stage),
            stable=self._counts(rollout.stable_digest, since, until, stage),
            pairs=tuple(self.live_metrics.pairs(rollout.release_digest, since, until)),
        )

    def _counts(
        self, digest: str, since: datetime, until: datetime, stage: CanaryStage
    ) -> CallCounts:
        """Count without single latencies where no SLO asks: every look is stored and replayed."""
        counted = self.live_metrics.counts(digest, since, until, latency_limits_ms(stage))
        return counted if needs_latencies(stage) else replace(counted, latencies_ms=())

    def _candidate_pct(self, rollout: Rollout) -> float | None:
        """Return the router's share of this candidate, None while the router is silent.

        Another candidate's share is not ours. A silent router delays what would raise traffic,
        never a brake.
        """
        try:
            traffic = self.traffic_router.read()
        except UnavailableError:
            return None
        is_ours = traffic.candidate_digest == rollout.release_digest
        return traffic.candidate_pct if is_ours else 0.0


def _unseen(
    newest: Iterable[LiveBatch], rollout: Rollout, now: datetime, pct: float | None
) -> timedelta:
    """Return the silence beyond what a look vouches for; a quiet minute counts as seen.

    `newest` are the looks, newest first; those of this stage since it was entered count.
    """
    stage, entered = rollout.stage, rollout.stage_entered_at
    mine = takewhile(lambda look: look.stage == stage and look.until > entered, newest)
    found = silence(mine, since=entered, now=now - SETTLE, traffic_pct=pct)
    return found if found > LONGEST_LOOK else timedelta()


def _coverage(newest: LiveBatch, rollout: Rollout, now: datetime) -> float:
    """Return the share of this stage's time that was looked at: looks leave no gap between them."""
    entered = rollout.stage_entered_at
    elapsed = max(now - entered - SETTLE, timedelta(microseconds=1))
    return min(1.0, (newest.until - entered) / elapsed)
