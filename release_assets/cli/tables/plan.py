"""Shows a linted plan in a terminal: the sentence, a table for each stage, margins, warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from release_assets.domain.finding import Outcome
from release_assets.domain.planning.lint import margin_ladder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from release_assets.domain.planning.forecast import SloForecast, StageForecast
    from release_assets.domain.planning.lint import PlanLint

_WIDTH = 130


def show(lint: PlanLint) -> None:
    """Everything that the document says, for a person."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    click.echo(lint.verdict.headline)
    for stage in lint.stages:
        console.print(Text(f"\n{_title(stage)}"), soft_wrap=True)
        console.print(_table(stage, lint))
    for line in _lines_below(lint):
        console.print(Text(line), soft_wrap=True)


def _title(stage: StageForecast) -> str:
    is_full = stage.traffic_pct >= 100
    name = "the watch" if is_full else f"canary stage {stage.index + 1}"
    times = f"{stage.duration_min:g} min, {stage.longest_min:g} at most"
    return f"{name}: {stage.traffic_pct:g} % for {times}; {stage.evidence}"


def _table(stage: StageForecast, lint: PlanLint) -> Table:
    """Pairs of figures are those of the median and the worst tenth, or for 80 and 90 %."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("slo (^ inherited)", no_wrap=True)
    for name in ("limit", "catches", "after\nsamples", "after\nmin", "calls\nat risk"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("gets\nsamples", "to\nprove", "takes\nsamples", "can\nprove"):
        table.add_column(name, justify="right", no_wrap=True)
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
    """`-` is nothing to say or unknown, `never` is for ever."""
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
    open_ones = [f for f in lint.verdict.findings if f.outcome is not Outcome.PASSED]
    for finding in open_ones if len(open_ones) > 1 else ():
        yield f"{finding.outcome}: {finding.because}"
