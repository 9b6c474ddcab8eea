"""Shows a demo: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from release_assets.demo.lines import Sight, sight

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from release_assets.demo.journey import Journey
    from release_assets.demo.run import Show

_STYLES = {"complete": "green", "rolled back": "yellow", "staging rolled back": "yellow"}
_STYLES |= {"refused": "yellow"}
_LINES_KEPT = 12


class Screen:
    """Everything goes to stderr, so that stdout holds the document alone."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._live = Live(console=self.console, refresh_per_second=4, transient=True)
        self._told: dict[str, int] = {}
        self._last: dict[str, str] = {}
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the live table; what is said from now on stands still."""
        if self.console.is_terminal:
            self._live.stop()

    def note(self, line: str) -> None:
        """One line that stays."""
        self.console.print(line, markup=False, soft_wrap=True)

    def show(self, show: Show) -> None:
        """Where every story is."""
        fresh = [line for journey in show.journeys for line in self._news(journey)]
        if self.console.is_terminal:
            for line in fresh:
                self.note(line)
            self._live.update(Group(_table([sight(j) for j in show.journeys])))
            return
        for line in fresh + [line for j in show.journeys for line in self._moved(sight(j))]:
            self.note(line)

    def _news(self, journey: Journey) -> list[str]:
        told = self._told.get(journey.story.release, 0)
        self._told[journey.story.release] = len(journey.said)
        return journey.said[told:]

    def _moved(self, seen: Sight) -> list[str]:
        """A plain line whenever something new is to be said of a story."""
        line = f"{seen.release}  {seen.where}  {seen.detail}"
        if seen.is_over or not seen.detail or self._last.get(seen.release) == line:
            return []
        self._last[seen.release] = line
        return [line]


def _table(sights: list[Sight]) -> Table:
    table = Table(expand=True, show_edge=False, pad_edge=False)
    table.add_column("release", no_wrap=True)
    table.add_column("where", ratio=2)
    table.add_column("what is known", ratio=5)
    table.add_column("seconds", justify="right")
    for seen in sights:
        where = Text(seen.where, style=_STYLES.get(seen.where, "cyan"))
        table.add_row(seen.release, where, seen.detail, f"{seen.seconds:.0f}")
    return table


def closing_table(show: Show) -> Table:
    """Release, where it ended, why, and in how many seconds."""
    table = Table(title="Four releases", title_justify="left", expand=True)
    table.add_column("release", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    table.add_column("why", ratio=1)
    table.add_column("seconds", justify="right")
    for journey in sorted(show.journeys, key=lambda j: j.story.number):
        seen = sight(journey)
        table.add_row(
            seen.release,
            Text(seen.where, style=_STYLES.get(seen.where, "red")),
            journey.because,
            f"{journey.seconds:.0f}",
        )
    return table
