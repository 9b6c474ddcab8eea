"""One story under way: what its people do next, read from the ledger, and how it ended.

A table of moves, one a phase of the pipeline: each looks whether the pipeline has answered, and
lets the people act when it has. Decides nothing about the release; refuses to call the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import RefusedError
from release_assets.domain.finding import Outcome
from release_assets.domain.history.ending import Ending, WithoutRollout
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.rollout.machine import RolloutState
from release_assets.pipeline import CANARY, PRE_MERGE, ROLLBACK, SIGN_OFF, STAGING

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.composition import Composition
    from release_assets.demo.stories import SignOffAttempt, Story, StoryPeople
    from release_assets.domain.history.ending import End
    from release_assets.domain.ledger.entries import Entry
    from release_assets.pipeline import Phase


@dataclass
class Journey:
    """A story under way; moved by `step`, which returns quickly.

    `phase` is the one that is awaited, `ending` None until the release has ended, `log` what
    happened so far, one line each.
    """

    story: Story
    world: Composition
    people: StoryPeople
    phase: Phase = PRE_MERGE
    started_at: datetime | None = None
    ending: Ending | None = None
    log: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Return how long it took, or has taken so far."""
        if self.started_at is None:
            return 0.0
        until = self.ending.at if self.ending else None
        return ((until or self.world.ports.clock.now()) - self.started_at).total_seconds()

    @property
    def is_merged(self) -> bool:
        """Whether the change is on main, or never will be."""
        return self.phase is not PRE_MERGE or self.ending is not None

    @property
    def ended_as_expected(self) -> bool:
        """Whether the release ended as its story expects."""
        return self.ending is not None and self.ending.word == self.story.expect

    def begin(self) -> None:
        """Let the author open the change, and the reviewers approve it."""
        self.started_at = self.world.ports.clock.now()
        self.people.open(self.story)
        self.people.review(self.story)
        self._log(f"{self.story.author} opens change {self.story.number}: {self.story.title}")
        self._log(f"{' and '.join(self.story.reviewers)} approve the change")

    def step(self) -> None:
        """Look at the ledger, and act when it is the people's turn."""
        moves = {
            PRE_MERGE: self._after_pre_merge,
            STAGING: self._after_staging,
            SIGN_OFF: self._sign,
            CANARY: self._after_rollout,
            ROLLBACK: self._after_rollout,
        }
        if self.started_at is not None and self.ending is None:
            moves[self.phase]()

    def _after_pre_merge(self) -> None:
        verdict = self._verdict(PRE_MERGE.gate)
        if verdict is None:
            return
        if verdict.body["outcome"] != Outcome.PASSED:
            self._end(WithoutRollout.REFUSED, verdict.body["headline"])
            return
        try:
            self.people.merge(self.story)
        except RefusedError:
            return  # the status is posted just after the verdict; look again
        self._log(f"the pre-merge gate is open; {self.story.merged_by} merges the change")
        self.phase = STAGING

    def _after_staging(self) -> None:
        failed = self._event(RolloutEvent.STAGING_ROLLED_BACK)
        if failed is not None:
            self._end(WithoutRollout.STAGING_ROLLED_BACK, failed.body["because"])
            return
        verdict = self._verdict(STAGING.gate)
        if verdict is not None and verdict.body["outcome"] == Outcome.PASSED:
            self._log("the staging gate is open")
            self.phase = SIGN_OFF

    def _sign(self) -> None:
        verdicts = [self._attempt(attempt) for attempt in self.story.sign_offs]
        if any(v["outcome"] == Outcome.PASSED for v in verdicts):
            self.phase = CANARY
            return
        self._end(WithoutRollout.REFUSED, "; ".join(v["headline"] for v in verdicts))

    def _attempt(self, attempt: SignOffAttempt) -> dict[str, Any]:
        verdict = self.people.sign_off(self.story, attempt)
        is_accepted = verdict["outcome"] == Outcome.PASSED
        role = attempt.role.replace("_", " ")
        self._log(
            f"{attempt.person} {'signs off' if is_accepted else 'may not sign off'} as {role}"
        )
        if not is_accepted:
            self._log(f"  {verdict['headline']}")
        return verdict

    def _after_rollout(self) -> None:
        if self.phase is CANARY and (breach := self._event(RolloutEvent.BREACHED)):
            self._log(f"brake: {breach.body['because']}")
            self.phase = ROLLBACK
        if done := self._event(RolloutEvent.COMPLETED):
            self._end(RolloutState.COMPLETE, done.body["because"])
        elif back := self._event(RolloutEvent.ROLLED_BACK):
            self._end(RolloutState.ROLLED_BACK, back.body["because"])

    def _verdict(self, gate: str) -> Entry | None:
        found = [e for e in self._entries(EntryKind.VERDICT) if e.body["gate"] == gate]
        return found[-1] if found else None

    def _event(self, event: RolloutEvent) -> Entry | None:
        found = [e for e in self._entries(EntryKind.ROLLOUT) if e.event is event]
        return found[-1] if found else None

    def _entries(self, kind: EntryKind) -> list[Entry]:
        return list(self.world.ports.ledger.entries(release=self.story.release, kinds=(kind,)))

    def _end(self, word: End, because: str) -> None:
        self.ending = Ending(word=word, at=self.world.ports.clock.now(), because=because)
        self._log(f"{self.ending.in_words}: {because}")

    def _log(self, line: str) -> None:
        self.log.append(f"{self.story.release}  {line}")

    def reaction_s(self) -> float | None:
        """Return the seconds from the call that made a breach decidable to the last call served."""
        back = self._event(RolloutEvent.ROLLED_BACK)
        reaction = back.body.get("reaction_s") if back else None
        return float(reaction) if reaction is not None else None

    def document(self) -> dict[str, Any]:
        """Return the story's part of the demo's document."""
        return {
            "name": self.story.name,
            "release": self.story.release,
            "ended": str(self.ending.word) if self.ending else None,
            "because": self.ending.because if self.ending else "",
            "seconds": round(self.seconds, 1),
            "reaction_s": self.reaction_s(),
        }
