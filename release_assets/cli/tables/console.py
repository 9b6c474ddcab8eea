"""How commands print: one console, plain tables, and the findings that a headline leaves out.

rich takes a tenth of a second to load, so it is imported when something is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.finding import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from release_assets.domain.verdict import Verdict

WIDTH_OF_A_PIPE = 160


def console() -> Console:
    """Return the console of stdout: as wide as the terminal, and wide enough through a pipe."""
    from rich.console import Console

    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = WIDTH_OF_A_PIPE
    return made


def plain_table(*left: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table without lines: columns of text on the left, of figures on the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def open_findings(verdict: Verdict) -> Iterator[str]:
    """Yield the findings that did not pass where they are more than the headline shows."""
    open_ones = [f for f in verdict.findings if f.outcome is not Outcome.PASSED]
    for finding in open_ones if len(open_ones) > 1 else ():
        yield f"{finding.outcome}: {finding.because}"


def print_lines(to: Console, lines: Iterator[str]) -> None:
    """Print lines as they are: what people wrote may look like markup, and may be long."""
    from rich.text import Text

    for line in lines:
        to.print(Text(line), soft_wrap=True)
