"""Shows a demo: a live table on a terminal, plain lines anywhere else.

Decides where a line goes and how it looks; what it holds is decided in `lines` and `journey`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from release_assets.demo.lines import StoryLine, line_of
from release_assets.domain.finding import Outcome

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from release_assets.demo.journey import Journey
    from release_assets.demo.run import DemoRun

_STYLES = {None: "cyan", Outcome.PASSED: "green"}
_STYLE_OF_OTHERS = "yellow"


class Screen:
    """Everything goes to stderr, so that stdout holds the document alone."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._live = Live(console=self.console, refresh_per_second=4, transient=True)
        self._printed: dict[str, int] = {}
        self._last: dict[str, str] = {}

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
        """End the live table; lines printed after it stay where they are."""
        if self.console.is_terminal:
            self._live.stop()

    def note(self, line: str) -> None:
        """Print one line that stays."""
        self.console.print(line, markup=False, soft_wrap=True)

    def show(self, run: DemoRun) -> None:
        """Print what is new, and show where every story is."""
        lines = [line_of(journey) for journey in run.journeys]
        for text in (text for journey in run.journeys for text in self._news(journey)):
            self.note(text)
        if self.console.is_terminal:
            self._live.update(Group(_table(lines)))
            return
        for text in (text for line in lines for text in self._moved(line)):
            self.note(text)

    def _news(self, journey: Journey) -> list[str]:
        """Return what was logged since the last time."""
        printed = self._printed.get(journey.story.release, 0)
        self._printed[journey.story.release] = len(journey.log)
        return journey.log[printed:]

    def _moved(self, line: StoryLine) -> list[str]:
        """Return a story's line where it has changed; a terminal shows it in the table instead."""
        text = f"{line.release}  {line.where}  {line.detail}"
        is_over = line.outcome is not None
        if is_over or not line.detail or self._last.get(line.release) == text:
            return []
        self._last[line.release] = text
        return [text]


def _table(lines: list[StoryLine]) -> Table:
    table = Table(expand=True, show_edge=False, pad_edge=False)
    table.add_column("release", no_wrap=True)
    table.add_column("where", ratio=2)
    table.add_column("newest result", ratio=5)
    table.add_column("seconds", justify="right")
    for line in lines:
        table.add_row(line.release, _where(line), line.detail, f"{line.seconds:.0f}")
    return table


def closing_table(run: DemoRun) -> Table:
    """Return a table of how every release ended, why, and in how many seconds."""
    table = Table(title="How each release ended", title_justify="left", expand=True)
    table.add_column("release", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    table.add_column("because", ratio=1)
    table.add_column("seconds", justify="right")
    for journey in sorted(run.journeys, key=lambda j: j.story.number):
        line = line_of(journey)
        table.add_row(line.release, _where(line), line.detail, f"{line.seconds:.0f}")
    return table


def _where(line: StoryLine) -> Text:
    return Text(line.where, style=_STYLES.get(line.outcome, _STYLE_OF_OTHERS))
