"""Runs the stories in a world: which one begins when, until all have ended or time is up.

The first release goes alone, so that a first-time user sees one whole journey; the next changes
follow each other through merge, while earlier releases are still in staging or on canary.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.demo.journey import Journey
from release_assets.domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from release_assets.composition import Composition
    from release_assets.demo.stories import Story, StoryPeople

ORDER = ("better", "quiet-prompt", "own-signature", "stale-index")
_POLL_S = 0.5


@dataclass(frozen=True)
class DemoRun:
    """The journeys of one demo, in the order in which they begin."""

    journeys: tuple[Journey, ...]

    @classmethod
    def of(cls, stories: Sequence[Story], world: Composition, people: StoryPeople) -> DemoRun:
        """Return the run of some stories; those outside `ORDER` come last, by number."""
        places = {name: n for n, name in enumerate(ORDER)}
        ordered = sorted(stories, key=lambda s: (places.get(s.name, len(places)), s.number))
        return cls(tuple(Journey(story, world, people) for story in ordered))

    def play(
        self,
        show: Callable[[DemoRun], None],
        require_alive: Callable[[], None],
        deadline_s: float,
    ) -> None:
        """Move all journeys until they have ended; raises `UnavailableError` when time is up."""
        deadline = time.monotonic() + deadline_s
        while unfinished := [j.story.release for j in self.journeys if j.ending is None]:
            if time.monotonic() > deadline:
                message = f"{', '.join(unfinished)} did not end within {deadline_s:.0f} s"
                raise UnavailableError(message)
            require_alive()
            self._begin_next()
            for journey in self.journeys:
                journey.step()
            show(self)
            time.sleep(_POLL_S)
        show(self)

    def _begin_next(self) -> None:
        """Begin the next journey; the second waits for the first's end, others for a merge."""
        for number, journey in enumerate(self.journeys):
            if journey.started_at is not None:
                continue
            before = self.journeys[number - 1] if number else None
            is_free = before is None or (
                before.is_merged if number > 1 else before.ending is not None
            )
            if is_free:
                journey.begin()
            return
