"""Shows a comparison in a terminal: the sentence, a row for each scorer and slice, the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from release_assets.cli.tables.console import console, open_findings, plain_table, print_lines

if TYPE_CHECKING:
    from rich.table import Table

    from release_assets.domain.evals.comparison import Comparison
    from release_assets.domain.evals.differences import Difference

_FIGURES = ("cases", "lost", "gained", "delta", "interval", "p regressed", "cases needed")


def show(found: Comparison) -> None:
    """Print everything that the document holds, for a person."""
    click.echo(found.verdict.headline)
    shown = console()
    if found.whole:
        shown.print(_table(found))
    print_lines(shown, open_findings(found.verdict))


def _table(found: Comparison) -> Table:
    table = plain_table("scorer", "slice", "outcome", right=_FIGURES)
    for one in (*found.whole, *found.slices):
        table.add_row(*_cells(found, one))
    return table


def _cells(found: Comparison, one: Difference) -> tuple[str, ...]:
    from rich.markup import escape

    low, high = one.interval
    return (
        escape(one.scorer),
        escape(one.slice or "all"),
        str(found.outcome_of(one)),
        str(one.n),
        str(len(one.lost)),
        str(len(one.gained)),
        f"{one.delta:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
        f"{one.p_holm:.4f}",
        str(one.needed_n or ""),
    )
