"""One tick of control over one rollout: look, decide, and act only downwards.

Automatic actors may only lower exposure (law 3): here a rollout is braked, held or noted; what
raises traffic is asked for by `sensors/stage_progress` and happens in runs with their own gates.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.control.notices import named_by_plan, page
from release_assets.domain.errors import ConflictError, ReleaseError
from release_assets.domain.release import ReleaseKey
from release_assets.domain.rollout.decision import Decision, StageAct, follow, note_look
from release_assets.domain.rollout.machine import RolloutState
from release_assets.records.freezing import why_frozen

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.control.brake import Brake
    from release_assets.control.watch import Watch
    from release_assets.domain.release import Release
    from release_assets.domain.rollout.machine import Rollout
    from release_assets.ports import Clock
    from release_assets.records.recorder import Records

# What a judge or an adapter raises when it is wrong or cut off; anything else is a bug of the tick.
_FAILED_LOOKS = (ReleaseError, ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, kw_only=True)
class Controller:
    """Looks at rollouts and carries out what may be carried out at once."""

    records: Records
    watch: Watch
    brake: Brake
    clock: Clock

    def tick_or_page(self, rollout: Rollout) -> str:
        """Look once; a look that failed is told to a person, and keeps no other rollout waiting.

        What cannot be judged is neither a pass nor a breach (law 2): the rollout stays where it
        is, and the next tick looks again.
        """
        try:
            return self.tick(rollout)
        except _FAILED_LOOKS as exc:
            because = f"the look failed: {type(exc).__name__}: {exc}"
            release = self.records.repository.release(ReleaseKey.parse(rollout.release))
            self._doubt(rollout, release, because, type(exc).__name__, self.clock.now())
            return f"{rollout.release}: in doubt, {because}"

    def tick(self, rollout: Rollout) -> str:
        """Look once; returns what was decided, in a sentence."""
        now = self.clock.now()
        release = self.records.repository.release(ReleaseKey.parse(rollout.release))
        plan = self.records.repository.plan(release.key.feature, release.commit)
        if rollout.state is RolloutState.BRAKED:
            return self._keep_braked(rollout, release, now)
        look = self.watch.look(
            rollout,
            plan,
            now,
            allowed_pct=allowed_pct(self.records, release),
            frozen=why_frozen(self.records, now),
        )
        self._act(rollout, release, look.decision, now)
        if look.observation.traffic_pct is None:
            self._doubt(rollout, release, look.decision.because, "router", now)
        return f"{rollout.release}: {look.decision.act}, {look.decision.because}"

    def _doubt(
        self, rollout: Rollout, release: Release, because: str, cause: str, now: datetime
    ) -> None:
        """Once for each cause in a stage."""
        what = f"cannot be judged on canary stage {rollout.stage + 1}"
        self._page(release, what, because, f"doubt:{release.digest}:{rollout.stage}:{cause}", now)

    def _keep_braked(self, rollout: Rollout, release: Release, now: datetime) -> str:
        """Pulled again where the router gave traffic back, or the ledger does not know of it."""
        traffic = self.watch.traffic_router.read()
        is_cut = traffic.candidate_digest != release.digest or traffic.candidate_pct == 0
        if not is_cut or not self.records.written(release, "rollout", event="breached"):
            self.brake.pull(rollout, release, rollout.because, now)
            return f"{rollout.release}: braked again, {rollout.because}"
        return f"{rollout.release}: braked, the restoration is under way"

    def _act(self, rollout: Rollout, release: Release, decision: Decision, now: datetime) -> None:
        if decision.act is StageAct.BRAKE:
            self.brake.pull(rollout, release, decision.because, now)
            return
        if decision.act is StageAct.HOLD:
            self._hold(rollout, release, decision, now)
            return
        with suppress(ConflictError):  # a run moved it meanwhile; the next look counts
            self.brake.release_store.save_rollout(note_look(rollout, decision, now=now))

    def _hold(self, rollout: Rollout, release: Release, decision: Decision, now: datetime) -> None:
        """Undecided: traffic stays, and a person is called."""
        self.brake.release_store.save_rollout(follow(rollout, decision, now=now))
        self.records.write("rollout", {"event": "held", "because": decision.because}, release)
        dedup = f"hold:{release.digest}:{rollout.version}"
        self._page(release, "is held and waits for a person", decision.because, dedup, now)

    def _page(self, release: Release, what: str, because: str, dedup: str, now: datetime) -> None:
        store, channels = self.brake.release_store, named_by_plan(self.records, release)
        page(store, release.key, channels, what=what, because=because, dedup=dedup, now=now)


def allowed_pct(records: Records, release: Release) -> float | None:
    """The share that an intent to raise allows while its run is under way (law 9)."""
    intents = records.written(release, "intent", act="raise_traffic")
    seen = records.written(release, "observation", act="raise_traffic")
    is_open = intents and (not seen or seen[-1].seq < intents[-1].seq)
    return float(intents[-1].body["traffic_pct"]) if is_open else None
