"""`countersign status`: the state of every release, and for one release how it came there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from release_assets.cli.tables.console import console
from release_assets.domain.errors import NotFoundError
from release_assets.domain.history.gates import gates_of
from release_assets.domain.history.reading import share_in_words
from release_assets.domain.history.standing import NOBODY
from release_assets.domain.history.timeline import timeline_of
from release_assets.domain.release import ReleaseKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from release_assets.domain.finding import Outcome
    from release_assets.domain.history.gates import GateHistory
    from release_assets.domain.history.standing import Standing
    from release_assets.domain.history.timeline import Moment

STYLES = {"passed": "green", "failed": "red", "inconclusive": "yellow"}


@click.command()
@click.argument("release", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def status(*, release: str | None, as_json: bool) -> None:
    """Show the state of every release; for one RELEASE its gates and timeline."""
    from release_assets.audit.dossiers import names_at_main
    from release_assets.audit.standings import standings
    from resources.wiring import config_path, load_world

    ports = load_world(config_path())
    names, ledger = names_at_main(ports), ports.ledger.entries()
    every = standings(ports, ledger, names)
    if release is None:
        show_all(every, as_json=as_json)
        return
    one = find(str(ReleaseKey.parse(release)), every)
    own = [entry for entry in ledger if entry.release == one.release]
    show_one(one, gates_of(own), timeline_of(own, names), as_json=as_json)


def find(release: str, every: Sequence[Standing]) -> Standing:
    """Return the standing of one release; raises `NotFoundError`."""
    found = next((standing for standing in every if standing.release == release), None)
    if found is None:
        message = f"there is no release '{release}' in the ledger or the git host"
        raise NotFoundError(f"{message}; `countersign status` lists them all")
    return found


def show_all(every: Sequence[Standing], *, as_json: bool) -> None:
    """Print a line for each release."""
    if as_json:
        _echo_json({"releases": [standing.document() for standing in every]})
        return
    columns = ("Release", "Phase", "State", "Traffic", "Last verdict", "Since (UTC)", "Awaited")
    _print_table(columns, [_row(standing) for standing in every])


def show_one(
    standing: Standing,
    gates: Sequence[GateHistory],
    moments: Sequence[Moment],
    *,
    as_json: bool,
) -> None:
    """Print one release: its state, its gates, its timeline."""
    if as_json:
        histories = {
            "gates": [gate.document() for gate in gates],
            "timeline": [moment.document() for moment in moments],
        }
        _echo_json(standing.document() | histories)
        return
    show_all([standing], as_json=False)
    if standing.because:
        click.echo(f"{standing.because}\n")
    _print_table(("Gate", "Outcome", "Because", "Entry"), [_gate_row(gate) for gate in gates])
    _print_table(("Entry", "At (UTC)", "Kind", "What"), [_moment_row(m) for m in moments])


def _row(standing: Standing) -> tuple[str | Text, ...]:
    verdict = f"{standing.verdict} {standing.outcome}" if standing.verdict else ""
    return (
        standing.release,
        standing.phase.replace("_", "-"),
        _coloured(standing.ending.in_words, standing.ending.outcome),
        share_in_words(standing.traffic_pct) if standing.traffic_pct else "",
        _coloured(verdict, standing.outcome),
        f"{standing.since:%Y-%m-%d %H:%M:%S}" if standing.since else "",
        "" if standing.awaited == NOBODY else standing.awaited,
    )


def _gate_row(gate: GateHistory) -> tuple[str | Text, ...]:
    if gate.verdict is None:
        return (gate.gate, "not judged", "only for another digest", "")
    verdict = gate.verdict
    because = verdict.headline.removeprefix(f"{verdict.outcome}: ")
    return (gate.gate, _coloured(verdict.outcome, verdict.outcome), because, f"#{verdict.entry}")


def _moment_row(moment: Moment) -> tuple[str | Text, ...]:
    at = f"{moment.at:%Y-%m-%d %H:%M:%S}"
    kind = moment.kind.replace("_", " ")
    return (f"#{moment.entry}", at, kind, _coloured(moment.text, moment.outcome))


def _coloured(text: str, outcome: Outcome | None) -> Text:
    from rich.text import Text

    return Text(text, style=STYLES.get(outcome or "", ""))


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Print a table; the first column is never wrapped, since it is what one searches for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        # As Text, since what people wrote may look like markup.
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console().print(table, "")


def _echo_json(document: dict[str, object]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))
