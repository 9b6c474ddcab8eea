"""Shows a backtest in a terminal: the sentence, the stages, the looks that decided, two plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from release_assets.domain.finding import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from release_assets.domain.backtest.verdict import Backtest

_WIDTH = 120


def show(names: Sequence[str], found: Sequence[Backtest], document: dict[str, Any]) -> None:
    """Everything that the document says, for a person."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    click.echo(found[0].verdict.headline)
    if len(found) == 1:
        _show_one(console, found[0])
        return
    click.echo(earlier_sentence(names, found, document["earlier"]))
    console.print(_side_by_side(names, found))
    for name, one in zip(names, found, strict=True):
        click.echo(f"\n{name}: {one.verdict.headline}")
        _show_one(console, one)


def _show_one(console: Console, one: Backtest) -> None:
    from rich.text import Text

    if one.stages:
        console.print(_stages(one))
    for stage in one.stages:
        if stage.frozen:
            told = f"canary stage {stage.index + 1} was proven and waited, {stage.frozen}"
            console.print(Text(told), soft_wrap=True)
    for look in one.looks:
        told = f"{_clock(look.at)}  {look.act} at {look.traffic_pct:g} %: {look.because}"
        console.print(Text(told), soft_wrap=True)
    for told in _open_findings(one):
        console.print(Text(told), soft_wrap=True)


def _open_findings(one: Backtest) -> Iterator[str]:
    open_ones = [f for f in one.verdict.findings if f.outcome is not Outcome.PASSED]
    for finding in open_ones if len(open_ones) > 1 else ():
        yield f"{finding.outcome}: {finding.because}"


def _stages(one: Backtest) -> Table:
    table = _table("stage", "outcome", "entered", "left", right=("candidate calls", "scored"))
    for stage in one.stages:
        left = _clock(stage.left_at) if stage.left_at else ""
        cells = f"{stage.traffic_pct:g} %", str(stage.outcome), _clock(stage.entered_at), left
        table.add_row(*cells, str(stage.candidate_calls), str(stage.candidate_scored))
    return table


def _side_by_side(names: Sequence[str], found: Sequence[Backtest]) -> Table:
    from rich.markup import escape

    table = _table("plan", "outcome", "fires", "on", right=("candidate calls", "scored"))
    for name, one in zip(names, found, strict=True):
        fired = one.breach
        cells = (
            (_clock(fired.at), fired.slo, str(fired.candidate_calls), str(fired.candidate_scored))
            if fired
            else ("never", "", "", "")
        )
        table.add_row(escape(name), str(one.verdict.outcome), *cells)
    return table


def _table(*left: str, right: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _clock(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def earlier_sentence(
    names: Sequence[str], found: Sequence[Backtest], earlier: dict[str, Any] | None
) -> str:
    """Which of two plans fires first, and by how much."""
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
