"""One look at a canary stage: read the router and the new calls, judge, and say what to do.

Idempotent by the ordinal of its batch; what it saw is stored before it is acted upon, so that any
decision can be recomputed. A judge that raises is inconclusive and pages, never a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile, tee
from typing import TYPE_CHECKING

from release_assets.domain.errors import UnavailableError
from release_assets.domain.live import judge as live_analysis
from release_assets.domain.live.silence import silence
from release_assets.domain.live.state import LiveState
from release_assets.domain.live.streams import needs_latencies, p95_limit_ms
from release_assets.domain.live.traffic import LiveBatch
from release_assets.domain.rollout.decision import (
    LONGEST_LOOK,
    Decision,
    StageObservation,
    advance,
)
from release_assets.domain.rollout.machine import planned_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from release_assets.domain.live.judge import LiveJudgement
    from release_assets.domain.live.traffic import CallCounts
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.domain.rollout.plan import CanaryStage, RolloutPlan
    from release_assets.ports import LiveMetrics, ReleaseStore, TrafficRouter

SETTLE = timedelta(seconds=1)  # calls of the last second may not be in the log yet


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look concluded."""

    judgement: LiveJudgement
    decision: Decision
    observation: StageObservation


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Looks at rollouts."""

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
        """Take one look, and store what it saw.

        `allowed_pct` is the share that a recorded intent to raise allows, `frozen` why raising is
        stopped, if it is.
        """
        state = self.state(rollout, plan)
        batch = self._batch(rollout, plan, now)
        after = live_analysis.look(state, batch, plan)
        self.release_store.add_look(rollout.release, batch, after.document())
        return self.conclude(rollout, plan, after, now, allowed_pct=allowed_pct, frozen=frozen)

    def state(self, rollout: Rollout, plan: RolloutPlan) -> LiveState:
        """The evidence so far; replayed from its batches where another version wrote it."""
        stored = self.release_store.live_state(rollout.release)
        if stored and LiveState.can_read(stored):
            return LiveState.from_document(stored)
        return live_analysis.replay(plan, self.release_store.looks(rollout.release))

    def _batch(self, rollout: Rollout, plan: RolloutPlan, now: datetime) -> LiveBatch:
        """Everything since the last look of this stage, but for what has not settled."""
        last = next(self.release_store.newest_looks(rollout.release), None)
        entered = rollout.stage_entered_at
        since = max(last.until, entered) if last else entered
        until = max(since, now - SETTLE)
        stage = planned_stage(rollout, plan)
        counts = [
            self._counts(digest, since, until, stage)
            for digest in (rollout.release_digest, rollout.stable_digest)
        ]
        return LiveBatch(
            id=last.id + 1 if last else 1,
            stage=rollout.stage,
            since=since,
            until=until,
            candidate=counts[0],
            stable=counts[1],
            pairs=tuple(self.live_metrics.pairs(rollout.release_digest, since, until)),
        )

    def _counts(
        self, digest: str, since: datetime, until: datetime, stage: CanaryStage
    ) -> CallCounts:
        """Without single latencies where no SLO asks: every look is stored and read again."""
        counted = self.live_metrics.counts(digest, since, until, p95_limit_ms(stage))
        return counted if needs_latencies(stage) else replace(counted, latencies_ms=())

    def conclude(
        self,
        rollout: Rollout,
        plan: RolloutPlan,
        state: LiveState,
        now: datetime,
        *,
        allowed_pct: float | None = None,
        frozen: str | None = None,
    ) -> Look:
        """What the evidence so far says, without looking again."""
        judgement = live_analysis.judge(state, plan)
        pct, (newest, looks) = self._candidate_pct(rollout), tee(self._newest(rollout))
        observation = StageObservation(
            now=now,
            outcome=judgement.outcome,
            sentence=judgement.sentence,
            traffic_pct=pct,
            scored=judgement.scored,
            coverage=_coverage(next(newest, None), rollout, now),
            gap=_gap(looks, rollout, now, pct),
            allowed_pct=allowed_pct,
            frozen=frozen,
        )
        return Look(
            judgement=judgement,
            decision=advance(rollout, observation, plan),
            observation=observation,
        )

    def _newest(self, rollout: Rollout) -> Iterator[LiveBatch]:
        """The looks of this canary stage since it was entered, newest first."""
        stage, entered = rollout.stage, rollout.stage_entered_at
        every = self.release_store.newest_looks(rollout.release)
        return takewhile(lambda look: look.stage == stage and look.until > entered, every)

    def _candidate_pct(self, rollout: Rollout) -> float | None:
        """Router truth about this candidate, None while the router is silent.

        Another candidate's share is not ours. A silent router delays what would raise traffic,
        never a brake.
        """
        try:
            traffic = self.traffic_router.read()
        except UnavailableError:
            return None
        is_ours = traffic.candidate_digest == rollout.release_digest
        return traffic.candidate_pct if is_ours else 0.0


def _gap(
    newest: Iterable[LiveBatch], rollout: Rollout, now: datetime, pct: float | None
) -> timedelta:
    """Silence that is longer than a look vouches for; a quiet minute is no gap."""
    found = silence(newest, since=rollout.stage_entered_at, now=now - SETTLE, traffic_pct=pct)
    return found if found > LONGEST_LOOK else timedelta()


def _coverage(newest: LiveBatch | None, rollout: Rollout, now: datetime) -> float:
    """The share of this stage's time that was looked at: each look begins where one ended."""
    entered = rollout.stage_entered_at
    elapsed = max(now - entered - SETTLE, timedelta(microseconds=1))
    return min(1.0, (newest.until - entered) / elapsed) if newest else 0.0
