"""Shows a backtest in a terminal: the sentence, the stages, the looks that decided, two plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from release_assets.cli.tables.console import console, open_findings, plain_table, print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from release_assets.domain.backtest.verdict import Backtest


def show(names: Sequence[str], found: Sequence[Backtest], document: dict[str, Any]) -> None:
    """Print everything that the document holds, for a person."""
    shown = console()
    click.echo(found[0].verdict.headline)
    if len(found) == 1:
        _show_one(shown, found[0])
        return
    click.echo(earlier_sentence(names, found, document["earlier"]))
    shown.print(_side_by_side(names, found))
    for name, one in zip(names, found, strict=True):
        click.echo(f"\n{name}: {one.verdict.headline}")
        _show_one(shown, one)


def _show_one(shown: Console, one: Backtest) -> None:
    if one.stages:
        shown.print(_stages(one))
    print_lines(shown, _lines(one))


def _lines(one: Backtest) -> Iterator[str]:
    for stage in one.stages:
        if stage.frozen:
            yield f"canary stage {stage.index + 1} was proven and waited, {stage.frozen}"
    for look in one.looks:
        yield f"{_clock(look.at)}  {look.act} at {look.traffic_pct:g} %: {look.because}"
    yield from open_findings(one.verdict)


def _stages(one: Backtest) -> Table:
    table = plain_table("stage", "outcome", "entered", "left", right=("candidate calls", "scored"))
    for stage in one.stages:
        left = _clock(stage.left_at) if stage.left_at else ""
        cells = f"{stage.traffic_pct:g} %", str(stage.outcome), _clock(stage.entered_at), left
        table.add_row(*cells, str(stage.candidate_calls), str(stage.candidate_scored))
    return table


def _side_by_side(names: Sequence[str], found: Sequence[Backtest]) -> Table:
    from rich.markup import escape

    table = plain_table("plan", "outcome", "fires", "on", right=("candidate calls", "scored"))
    for name, one in zip(names, found, strict=True):
        fired = one.breach
        cells = (
            (_clock(fired.at), fired.slo, str(fired.candidate_calls), str(fired.candidate_scored))
            if fired
            else ("never", "", "", "")
        )
        table.add_row(escape(name), str(one.verdict.outcome), *cells)
    return table


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def earlier_sentence(
    names: Sequence[str], found: Sequence[Backtest], earlier: dict[str, Any] | None
) -> str:
    """Return which of two plans fires first, and by how much."""
    if earlier is None:
        fires = [name for name, one in zip(names, found, strict=True) if one.breach]
        return f"only {fires[0]} fires" if fires else "neither plan fires"
    calls, seconds = earlier["candidate_calls"], earlier["seconds"]
    if not calls and not seconds:
        return "both plans fire at the same look"
    first, second = names if (seconds, calls) > (0, 0) else tuple(reversed(names))
    return (
        f"{first} fires {abs(calls)} candidate calls ({abs(seconds) / 60:.1f} min) earlier"
        f" than {second}"
    )
