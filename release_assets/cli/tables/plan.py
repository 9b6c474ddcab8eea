"""Shows a linted plan in a terminal: the sentence, a table for each stage, margins, warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from release_assets.cli.tables.console import console, open_findings, plain_table, print_lines
from release_assets.domain.planning.lint import margin_ladder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from release_assets.domain.planning.forecast import SloForecast, StageForecast
    from release_assets.domain.planning.lint import PlanLint

_CATCHES = ("limit", "catches", "after\nsamples", "after\nmin", "calls\nat risk")
_FIGURES = (*_CATCHES, "gets\nsamples", "to\nprove", "takes\nsamples", "can\nprove")


def show(lint: PlanLint) -> None:
    """Print everything that the document holds, for a person."""
    shown = console()
    click.echo(lint.verdict.headline)
    for stage in lint.stages:
        click.echo(f"\n{_title(stage)}")
        shown.print(_table(stage, lint))
    print_lines(shown, _lines_below(lint))


def _title(stage: StageForecast) -> str:
    is_full = stage.traffic_pct >= 100
    name = "the watch" if is_full else f"canary stage {stage.index + 1}"
    times = f"{stage.duration_min:g} min, {stage.longest_min:g} at most"
    return f"{name}: {stage.traffic_pct:g} % for {times}; {stage.evidence}"


def _table(stage: StageForecast, lint: PlanLint) -> Table:
    """Return a row for each SLO; pairs are the median and the worst tenth, or 80 and 90 %."""
    from rich.markup import escape

    table = plain_table("slo (^ inherited)", right=_FIGURES)
    table.columns[0].no_wrap = True
    for slo in stage.slos:
        name = f"{'^' if slo.inherited else ' '} {slo.name}"
        table.add_row(escape(name), *_cells(slo, is_known=lint.traffic.is_known))
    return table


def _cells(slo: SloForecast, *, is_known: bool) -> Iterator[str]:
    catches = slo.catches
    yield _figures(slo.limit)
    yield _figures(catches.drop)
    yield _figures(catches.median_n, catches.p90_n)
    yield _figures(catches.median_min, catches.p90_min) if is_known else "-"
    yield _figures(catches.calls_at_risk) if is_known else "-"
    yield _figures(slo.n_planned) if is_known else "-"
    yield _figures(slo.margin)
    yield _figures(slo.n_80, slo.n_90)
    yield _figures(slo.provable_margin) if is_known else "-"


def _figures(*values: float | None) -> str:
    return " / ".join(_figure(value) for value in values)


def _figure(value: float | None) -> str:
    """Return a figure: `-` where there is none or it is unknown, `never` where it is infinite."""
    if value is None:
        return "-"
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def _lines_below(lint: PlanLint) -> Iterator[str]:
    ladder = margin_ladder(lint) if lint.stages else {}
    yield ""
    for name, margins in ladder.items():
        rungs = ", then ".join(f"{margin:.3g}" for margin in margins if margin is not None)
        yield f"to be excluded, stage by stage, of {name}: {rungs}"
    for warning in lint.warnings:
        yield f"warning: {warning}"
    yield from open_findings(lint.verdict)
