"""One story on its way: what its people do next, read off the ledger, and how it ended.

A table of steps: each looks whether the pipeline has answered, and lets people act when it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.composition import Composition
    from release_assets.demo.stories import People, Story
    from release_assets.domain.ledger.entries import Entry


class Step(StrEnum):
    """Where a story is."""

    WAITING = "waiting for its turn"
    PRE_MERGE = "pre-merge: may this change merge?"
    STAGING = "staging: as good as main?"
    SIGN_OFF = "sign-off: who says yes?"
    CANARY = "canary"
    ROLLBACK = "rollback: is everything back?"
    ENDED = "ended"


class Ended(StrEnum):
    """How a release ended."""

    COMPLETE = "complete"
    ROLLED_BACK = "rolled_back"
    STAGING_ROLLED_BACK = "staging_rolled_back"
    REFUSED = "refused"


@dataclass
class Journey:
    """A story under way; moved by `step`, which returns quickly."""

    story: Story
    world: Composition
    people: People
    at: Step = Step.WAITING
    ended: Ended | None = None
    because: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    said: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        if self.started_at is None:
            return 0.0
        until = self.ended_at or self.world.ports.clock.now()
        return (until - self.started_at).total_seconds()

    @property
    def is_merged(self) -> bool:
        """Whether the change is on main, or never will be."""
        return self.at not in {Step.WAITING, Step.PRE_MERGE}

    def begin(self) -> None:
        """The author opens the change; the reviewers read it."""
        self.started_at = self.world.ports.clock.now()
        self.people.open(self.story)
        self.people.review(self.story)
        self._tell(f"{self.story.author} opens change {self.story.number}: {self.story.title}")
        self._tell(f"{' and '.join(self.story.reviewers)} approve it")
        self.at = Step.PRE_MERGE

    def step(self) -> None:
        """Look at the ledger, and act when it is the people's turn."""
        moves = {
            Step.PRE_MERGE: self._after_pre_merge,
            Step.STAGING: self._after_staging,
            Step.SIGN_OFF: self._sign,
            Step.CANARY: self._after_rollout,
            Step.ROLLBACK: self._after_rollout,
        }
        if self.at in moves:
            moves[self.at]()

    def _after_pre_merge(self) -> None:
        verdict = self._verdict("pre_merge/gate")
        if verdict is None:
            return
        if verdict.body["outcome"] != "passed":
            self._end(Ended.REFUSED, verdict.body["headline"])
            return
        try:
            self.people.merge(self.story)
        except RefusedError:
            return  # the status is posted just after the verdict; look again
        self._tell(f"gate open; {self.story.merged_by} merges it")
        self.at = Step.STAGING

    def _after_staging(self) -> None:
        failed = self._rollout_event("staging_rolled_back")
        if failed is not None:
            self._end(Ended.STAGING_ROLLED_BACK, failed.body["because"])
        elif (verdict := self._verdict("staging/gate")) and verdict.body["outcome"] == "passed":
            self._tell("staging gate open")
            self.at = Step.SIGN_OFF

    def _sign(self) -> None:
        verdicts = [self._attempt(attempt) for attempt in self.story.sign_offs]
        if any(v["outcome"] == "passed" for v in verdicts):
            self.at = Step.CANARY
            return
        self._end(Ended.REFUSED, "; ".join(v["headline"] for v in verdicts))

    def _attempt(self, attempt: Any) -> dict[str, Any]:
        verdict = self.people.sign_off(self.story, attempt)
        signs = "signs" if verdict["outcome"] == "passed" else "may not sign"
        self._tell(f"{attempt.person} {signs} as {attempt.role.replace('_', ' ')}")
        if verdict["outcome"] != "passed":
            self._tell(f"  {verdict['headline']}")
        return verdict

    def _after_rollout(self) -> None:
        if self.at is Step.CANARY and (breach := self._rollout_event("breached")):
            self._tell(f"brake: {breach.body['because']}")
            self.at = Step.ROLLBACK
        if done := self._rollout_event("completed"):
            self._end(Ended.COMPLETE, done.body["because"])
        elif back := self._rollout_event("rolled_back"):
            self._end(Ended.ROLLED_BACK, back.body["because"])

    def _verdict(self, gate: str) -> Entry | None:
        found = [e for e in self._entries("verdict") if e.body["gate"] == gate]
        return found[-1] if found else None

    def _rollout_event(self, event: str) -> Entry | None:
        found = [e for e in self._entries("rollout") if e.body["event"] == event]
        return found[-1] if found else None

    def _entries(self, kind: str) -> list[Entry]:
        return list(self.world.ports.ledger.entries(release=self.story.release, kinds=(kind,)))

    def _end(self, ended: Ended, because: str) -> None:
        self.ended, self.because, self.at = ended, because, Step.ENDED
        self.ended_at = self.world.ports.clock.now()
        self._tell(f"{ended.replace('_', ' ')}: {because}")

    def _tell(self, line: str) -> None:
        self.said.append(f"{self.story.release}  {line}")

    def reaction_s(self) -> float | None:
        """From the call that made a breach decidable to the last that the candidate answered."""
        back = self._rollout_event("rolled_back")
        reaction = back.body.get("reaction_s") if back else None
        return float(reaction) if reaction is not None else None

    def document(self) -> dict[str, Any]:
        """The story's part of the demo's document (DESIGN section 10)."""
        return {
            "name": self.story.name,
            "release": self.story.release,
            "ended": self.ended,
            "because": self.because,
            "seconds": round(self.seconds, 1),
            "reaction_s": self.reaction_s(),
        }
