"""Thousands of short ramps with injected faults; whatever happens, the promises hold.

A small deterministic world: a router, a store with versions, a controller that ticks, and runs
that raise traffic. Faults: breaches, silence, version conflicts, restarts, double ticks, clock
jumps, foreign hands at the router, a run that dies between the router and the store.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.errors import IllegalTransitionError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.decision import (
    StageAct,
    StageObservation,
    advance,
    follow,
    note_look,
)
from release_assets.domain.rollout.machine import (
    TRANSITIONS,
    Rollout,
    RolloutState,
    apply,
    begin,
    planned_traffic_pct,
    resuming_event,
)
from release_assets.domain.rollout.plan import read_rollout_plan

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAN = read_rollout_plan(
    """\
canary_stages:
  - {traffic_pct: 1, duration_min: 0.2, slos: {eval_tone_drift_max: 0.04}}
  - {traffic_pct: 10, duration_min: 0.3, evidence: proof}
  - {traffic_pct: 50, duration_min: 0.3, max_duration_min: 1}
  - {traffic_pct: 100}
watch_min: 0.2
""",
    file="plan.yaml",
)
EVERY_STAGE = {stage.index for stage in PLAN.stages}
S, E = RolloutState, RolloutEvent


@dataclass
class World:
    """The truth, and a record of what must never happen."""

    now: datetime = T0
    router_pct: float = 1.0
    stored: Rollout = field(
        default_factory=lambda: begin(
            release="policy-search-142",
            release_digest="sha256:new",
            stable_release="policy-search-98",
            stable_digest="sha256:old",
            plan=PLAN,
            now=T0,
            because="signed off",
        )
    )
    intent_pct: float | None = None
    braking: str | None = None
    outcome: Outcome = Outcome.PASSED
    silent: timedelta = timedelta()
    readable: bool = True
    conflict: bool = False
    dies_after_shift: bool = False
    breached: bool = False
    proven: set[int] = field(default_factory=set)
    raised_after_breach: list[float] = field(default_factory=list)
    versions: list[int] = field(default_factory=lambda: [1])

    # What happens to the world

    def calm(self):
        self.outcome, self.silent, self.readable = Outcome.PASSED, timedelta(), True

    def breach(self):
        self.outcome = Outcome.FAILED

    def doubt(self):
        self.outcome = Outcome.INCONCLUSIVE

    def silence(self):
        self.silent = timedelta(seconds=70)

    def blindness(self):
        self.readable = False

    def lose_the_next_write(self):
        self.conflict = True

    def kill_the_next_raise(self):
        self.dies_after_shift = True

    def restart(self):
        self.stored = Rollout.from_document(self.stored.document())

    def downtime(self):
        self.now += timedelta(minutes=30)

    def clock_back(self):
        self.now -= timedelta(minutes=5)

    def foreign_raise(self):
        self.router_pct = min(100.0, self.router_pct * 2)

    def foreign_cut(self):
        self.router_pct = 0.0

    def resume(self):
        if self.stored.state is S.HELD:
            self.router_pct = planned_traffic_pct(self.stored, PLAN)  # the person put it right
            self.save(
                apply(self.stored, resuming_event(self.stored, PLAN), now=self.now, because="go")
            )

    def restore(self):
        if self.stored.state is S.BRAKED and self.router_pct == 0:
            self.save(apply(self.stored, E.ROLLED_BACK, now=self.now, because="all of it is back"))

    # The controller

    def tick(self):
        self.now += 4 * SECOND
        self.look()

    def double_tick(self):
        self.tick()
        self.look()

    def look(self):
        if self.stored.is_over:
            return
        read = self.stored
        decision = advance(read, self.observe(), PLAN)
        if self.outcome is Outcome.FAILED and read.state is not S.BRAKED:
            assert decision.act is StageAct.BRAKE
            self.breached = True
        if decision.act is StageAct.BRAKE:
            self.braking = decision.because  # the intent first, then the act, then the state
            self.shift(0.0)
            self.save(follow(read, decision, now=self.now))
        elif decision.act in {StageAct.ADVANCE, StageAct.COMPLETE}:
            if self.save(note_look(read, decision, now=self.now)):
                self.raise_traffic()
        elif decision.event is not None:
            self.save(follow(read, decision, now=self.now))

    def raise_traffic(self):
        """The run behind the gate: decides again, writes its intent, shifts, writes the state."""
        read = self.stored
        decision = advance(read, self.observe(), PLAN)
        if decision.act not in {StageAct.ADVANCE, StageAct.COMPLETE}:
            return
        moved = follow(read, decision, now=self.now)
        if self.outcome is Outcome.PASSED:
            self.proven.add(read.stage)
        self.intent_pct = planned_traffic_pct(moved, PLAN)
        self.shift(self.intent_pct)
        if self.dies_after_shift:
            self.dies_after_shift = False
            return
        if self.save(moved):
            self.intent_pct = None

    def observe(self):
        return StageObservation(
            now=self.now,
            outcome=self.outcome,
            sentence="as judged",
            traffic_pct=self.router_pct if self.readable else None,
            scored=100,
            coverage=1.0,
            unseen=self.silent,
            allowed_pct=self.intent_pct,
            braking=self.braking,
        )

    def shift(self, pct):
        if self.breached and pct > self.router_pct:
            self.raised_after_breach.append(pct)
        self.router_pct = pct

    def save(self, moved):
        """Version n becomes n + 1, or nothing is written."""
        if self.conflict:
            self.conflict = False
            return False
        assert moved.version == self.stored.version + 1
        if moved.stage != self.stored.stage:
            self.intent_pct = None
        self.stored = moved
        self.versions.append(moved.version)
        return True


HAPPENINGS = (
    *[World.tick] * 8,
    World.calm,
    World.breach,
    World.doubt,
    World.silence,
    World.blindness,
    World.lose_the_next_write,
    World.kill_the_next_raise,
    World.restart,
    World.downtime,
    World.clock_back,
    World.foreign_raise,
    World.foreign_cut,
    World.resume,
    World.restore,
    World.double_tick,
)
MILD = tuple(h for h in HAPPENINGS if h not in {World.breach, World.foreign_raise})


def check(world):
    stored = world.stored
    assert not world.raised_after_breach, "traffic rose after a breach"
    assert world.versions == list(range(1, len(world.versions) + 1)), "a version was skipped"
    if stored.state is S.COMPLETE:
        assert world.proven == EVERY_STAGE, "complete without a passed judgement"
        assert not world.breached
    if stored.state is S.ROLLED_BACK:
        assert world.router_pct == 0


def check_illegal_events(world):
    stored = world.stored
    for event in RolloutEvent:
        if event not in TRANSITIONS[stored.state]:
            with pytest.raises(IllegalTransitionError):
                apply(stored, event, now=world.now, because="illegal")


def ramp(happenings):
    world = World()
    for happening in happenings:
        happening(world)
        check(world)
    check_illegal_events(world)
    return world


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(HAPPENINGS), max_size=60))
def test_whatever_happens_the_promises_hold(happenings):
    ramp(happenings)


@pytest.mark.parametrize("block", range(8))
def test_thousands_of_seeded_ramps_hold_the_promises(block):
    ends = set()
    for seed in range(block * 400, (block + 1) * 400):
        chance = random.Random(seed)
        # Most ramps meet few faults, so that many of them go far.
        faults = chance.choice([HAPPENINGS, MILD, (World.tick, World.calm)])
        rate = chance.choice([0.05, 0.3, 1.0])
        ends.add(
            ramp(
                chance.choice(faults) if chance.random() < rate else World.tick for _ in range(50)
            ).stored.state
        )
    assert {S.COMPLETE, S.ROLLED_BACK, S.HELD} <= ends, "the simulation no longer reaches every end"


def test_a_calm_ramp_completes_through_every_stage():
    world = ramp([World.tick] * 25)
    assert (world.stored.state, world.router_pct) == (S.COMPLETE, 100)
    assert world.proven == EVERY_STAGE


@pytest.mark.parametrize("ticks", range(13))
def test_a_breach_at_any_tick_ends_with_no_traffic(ticks):
    world = ramp([World.tick] * ticks + [World.breach, World.tick, World.tick])
    assert (world.stored.state, world.router_pct) == (S.BRAKED, 0)


@pytest.mark.parametrize("ticks", range(13))
def test_a_breach_whose_write_is_lost_has_cut_the_traffic_all_the_same(ticks):
    world = ramp([World.tick] * ticks + [World.breach, World.lose_the_next_write, World.tick])
    assert world.router_pct == 0
    assert ramp_on(world).stored.state is S.BRAKED


def ramp_on(world):
    world.tick()
    check(world)
    return world


def test_a_run_that_dies_after_the_shift_is_not_taken_for_foreign_traffic():
    world = ramp([World.kill_the_next_raise] + [World.tick] * 30)
    assert world.stored.state is S.COMPLETE


def test_foreign_traffic_is_braked_at_the_next_look():
    world = ramp([World.tick, World.foreign_raise, World.tick])
    assert (world.stored.state, world.router_pct) == (S.BRAKED, 0)


def test_undecided_ramps_are_held_and_never_complete():
    world = ramp([World.doubt] + [World.tick] * 50)
    assert (world.stored.state, world.stored.stage) == (S.HELD, 0)


def test_downtime_is_not_counted_as_healthy():
    world = ramp([World.tick, World.downtime, World.silence, World.tick])
    assert world.stored.healthy <= 8 * SECOND
