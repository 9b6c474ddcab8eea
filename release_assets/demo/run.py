"""Runs the stories in a world: who goes when, until all have ended or time is up.

The first release goes alone, so that a newcomer sees one whole journey; the next changes follow
each other through merge, while earlier releases are still in staging or on canary.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.demo.journey import Journey, Step
from release_assets.domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from release_assets.composition import Composition
    from release_assets.demo.stories import People, Story

ORDER = ("better", "quiet-prompt", "own-signature", "stale-index")
_POLL_S = 0.5


@dataclass(frozen=True)
class Show:
    """The journeys of one demo."""

    journeys: tuple[Journey, ...]

    @classmethod
    def of(cls, stories: Sequence[Story], world: Composition, people: People) -> Show:
        """Journeys in the order in which they begin."""
        known = {name: n for n, name in enumerate(ORDER)}
        ordered = sorted(stories, key=lambda s: (known.get(s.name, len(known)), s.number))
        return cls(tuple(Journey(story, world, people) for story in ordered))

    def play(
        self, show: Callable[[Show], None], require_alive: Callable[[], None], deadline_s: float
    ) -> None:
        """Step all journeys until they have ended; raises `UnavailableError` when time is up."""
        deadline = time.monotonic() + deadline_s
        while any(j.at is not Step.ENDED for j in self.journeys):
            if time.monotonic() > deadline:
                stuck = ", ".join(j.story.release for j in self.journeys if j.at is not Step.ENDED)
                raise UnavailableError(f"{stuck} did not end within {deadline_s:.0f} s")
            require_alive()
            self._begin_next()
            for journey in self.journeys:
                journey.step()
            show(self)
            time.sleep(_POLL_S)
        show(self)

    def _begin_next(self) -> None:
        """The second waits for the first to end, each later one for the merge before it."""
        for number, journey in enumerate(self.journeys):
            if journey.at is not Step.WAITING:
                continue
            before = self.journeys[number - 1] if number else None
            is_free = before is None or (
                before.is_merged if number > 1 else before.at is Step.ENDED
            )
            if is_free:
                journey.begin()
            return
