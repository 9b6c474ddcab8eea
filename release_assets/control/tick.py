"""One tick of control over one rollout: look, decide, and act only downwards.

Automatic actors may only lower exposure (law 3): here a rollout is braked, held or noted; what
raises traffic is requested by `sensors/stage_progress` and happens in runs with their own gates.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.control.notices import named_by_plan, page
from release_assets.domain.errors import (
    AdapterError,
    ConflictError,
    InputError,
    LedgerError,
    ReleaseError,
)
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.decision import (
    LONGEST_LOOK,
    Decision,
    StageAct,
    follow,
    note_look,
)
from release_assets.domain.rollout.machine import RolloutState
from release_assets.domain.wording import time

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.control.brake import Brake
    from release_assets.control.watch import Watch
    from release_assets.domain.release import Release
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.ports import Clock, ReleaseStore
    from release_assets.records.book import Book

# What a judge or an adapter raises when it is wrong or cut off; anything else is a bug of the tick.
_FAILED_LOOKS = (ReleaseError, ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, kw_only=True)
class RolloutTick:
    """Looks at a rollout and carries out what may be carried out at once."""

    book: Book
    watch: Watch
    brake: Brake
    release_store: ReleaseStore
    clock: Clock

    def run_or_page(self, rollout: Rollout) -> str:
        """Look once; a look that failed is reported to people, and no other rollout waits for it.

        What cannot be judged is neither a pass nor a breach (law 2): the rollout stays where it
        is, and the next tick looks again.
        """
        try:
            return self.run(rollout)
        except _FAILED_LOOKS as exc:
            because = f"the look failed: {type(exc).__name__}: {exc}"
            release, _ = self.book.repository.planned(ReleaseKey.parse(rollout.release))
            self._page_unjudged(rollout, release, because, type(exc).__name__, self.clock.now())
            return f"{rollout.release}: in doubt, {because}"

    def run(self, rollout: Rollout) -> str:
        """Look once and act; returns what was decided, in a sentence."""
        now, repository = self.clock.now(), self.book.repository
        release, plan = repository.planned(ReleaseKey.parse(rollout.release))
        if rollout.state is RolloutState.BRAKED:
            return self._keep_braked(rollout, release, now)
        look = self.watch.look(
            rollout,
            plan,
            now,
            allowed_pct=self._allowed_pct(release),
            frozen=self._why_frozen(now),
        )
        self._act(rollout, release, look.decision, now)
        if rollout.state is RolloutState.HELD and look.decision.act is not StageAct.BRAKE:
            self._report_hold(rollout, release, now)
        self._page_if_slow(rollout, release, now)
        if look.observation.traffic_pct is None:
            self._page_unjudged(rollout, release, look.decision.because, "router", now)
        return f"{rollout.release}: {look.decision.act}, {look.decision.because}"

    def _allowed_pct(self, release: Release) -> float | None:
        """Return the share that an intent to raise allows while its run is under way (law 9)."""
        try:
            reading = self.book.of(release)
        except LedgerError:  # it stops no brake: no excess is seen then, a breach is braked still
            return 100.0
        intents = reading.written(EntryKind.INTENT, act="raise_traffic")
        seen = reading.written(EntryKind.OBSERVATION, act="raise_traffic")
        is_under_way = intents and (not seen or seen[-1].seq < intents[-1].seq)
        return float(intents[-1].body["traffic_pct"]) if is_under_way else None

    def _why_frozen(self, now: datetime) -> str | None:
        """Return why nothing may rise; a policy that cannot be read stops rising, and no brake."""
        try:
            return self.book.repository.policy().why_frozen(now)
        except (InputError, AdapterError) as exc:
            return f"since the policy cannot be read: {exc}"

    def _page_if_slow(self, rollout: Rollout, release: Release, now: datetime) -> None:
        """Page when looks take so long that what they decide is too old to be acted upon."""
        took = self.clock.now() - now
        if took > LONGEST_LOOK:
            because = f"a look took {time(took)}, and its decision counts for {time(LONGEST_LOOK)}"
            self._page_unjudged(rollout, release, because, "slow", now)

    def _page_unjudged(
        self, rollout: Rollout, release: Release, because: str, cause: str, now: datetime
    ) -> None:
        """Page once for each cause in a stage."""
        what = f"cannot be judged on canary stage {rollout.stage + 1}"
        self._page(release, what, because, f"doubt:{release.digest}:{rollout.stage}:{cause}", now)

    def _keep_braked(self, rollout: Rollout, release: Release, now: datetime) -> str:
        """Pull again where the router gave traffic back, or the ledger does not know of it."""
        traffic = self.watch.traffic_router.read()
        is_cut = traffic.candidate_digest != release.digest or traffic.candidate_pct == 0
        if not is_cut or not self.book.of(release).written(
            EntryKind.ROLLOUT, event=RolloutEvent.BREACHED
        ):
            self.brake.pull(rollout, release, rollout.because, now)
            return f"{rollout.release}: braked again, {rollout.because}"
        return f"{rollout.release}: braked, the restoration is under way"

    def _act(self, rollout: Rollout, release: Release, decision: Decision, now: datetime) -> None:
        if decision.act is StageAct.BRAKE:
            self.brake.pull(rollout, release, decision.because, now)
            return
        if decision.act is StageAct.HOLD:
            held = follow(rollout, decision, now=now)
            self.release_store.save_rollout(held)
            self._report_hold(held, release, now)
            return
        with suppress(ConflictError):  # a run moved it meanwhile; the next look counts
            self.release_store.save_rollout(note_look(rollout, decision, now=now))

    def _report_hold(self, held: Rollout, release: Release, now: datetime) -> None:
        """Page a person, who must decide, and record the hold; repeated until the ledger has it."""
        entries = self.book.of(release).written(EntryKind.ROLLOUT)
        if entries and entries[-1].event is RolloutEvent.HELD:  # by order: a clock may be set back
            return
        dedup = f"hold:{release.digest}:{held.stage}:{held.stage_entered_at.isoformat()}"
        self._page(release, "is held and waits for a person", held.because, dedup, now)
        self.book.write(
            EntryKind.ROLLOUT, {"event": RolloutEvent.HELD, "because": held.because}, release
        )

    def _page(self, release: Release, what: str, because: str, dedup: str, now: datetime) -> None:
        store, channels = self.release_store, named_by_plan(self.book, release)
        page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)
