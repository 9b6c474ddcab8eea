"""`countersign audit`: what an auditor asks for, as documents that carry their own proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from release_assets.cli.tables.console import console
from release_assets.domain.release import ReleaseKey

if TYPE_CHECKING:
    from rich.tree import Tree

    from release_assets.domain.history.lineage import Materialisation, Walk

as_json_option = click.option("--json", "as_json", is_flag=True, help="One document on stdout.")


@click.group()
def audit() -> None:
    """Documents for the auditor, made from the ledger."""


@audit.command()
@click.argument("release")
@click.option("--output", type=click.Path(dir_okay=False), help="Default: dossier-RELEASE.html.")
@as_json_option
def dossier(*, release: str, output: str | None, as_json: bool) -> None:
    """Write everything of RELEASE into one HTML file, made only from ledger entries."""
    from release_assets.audit.dossiers import dossier_of, names_at_main, write_page
    from resources.wiring import config_path, load_world

    named, ports = str(ReleaseKey.parse(release)), load_world(config_path())
    names = names_at_main(ports)
    compiled = dossier_of(named, ports.ledger, names)
    path = Path(output or f"dossier-{named}.html")
    write_page(compiled, names, path)
    document = compiled.document() | {"page": str(path)}
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else compiled.headline)
    click.echo(f"written to {path}", err=True)


@audit.command()
@click.argument("release")
@as_json_option
@click.pass_context
def lineage(ctx: click.Context, *, release: str, as_json: bool) -> None:
    """Walk what Dagster shows of RELEASE from pin to pin, and compare it with the ledger."""
    from release_assets.audit.lineage import open_instance, walk_lineage
    from release_assets.domain.history.lineage import judge_lineage
    from resources.wiring import config_path, load_world

    named, ports = str(ReleaseKey.parse(release)), load_world(config_path())
    ledger = tuple(ports.ledger.entries())
    with open_instance() as instance:
        walk = walk_lineage(instance, named, ledger)
    verdict = judge_lineage(walk)
    shown = {"release": named, "materialisations": [m.document() for m in walk.found.values()]}
    if as_json:
        click.echo(json.dumps(verdict.document() | shown, ensure_ascii=False))
    else:
        _print_tree(walk)
        for finding in verdict.findings:
            click.echo(f"{finding.outcome:<12} {finding.rule}: {finding.because}")
        click.echo(verdict.headline)
    ctx.exit(verdict.outcome.exit_code)


def _print_tree(walk: Walk) -> None:
    from rich.tree import Tree

    root, shown = Tree(f"[b]{walk.release}[/b]"), set[int]()
    for tip in walk.tips():
        _grow(root, tip, walk, shown)
    console().print(root, soft_wrap=True)


def _grow(parent: Tree, m: Materialisation, walk: Walk, shown: set[int]) -> None:
    """Add one branch; what was shown before is named and not shown again."""
    from rich.markup import escape

    line = (
        f"{escape(m.evidence_name)} [dim]entry {m.ledger_entry}, run {escape(m.run_id[:8])}[/dim]"
    )
    if m.storage_id in shown:
        parent.add(f"{line} [dim](above)[/dim]" if m.pins else line)
        return
    shown.add(m.storage_id)
    branch = parent.add(line)
    for asset, pin in sorted(m.pins.items()):
        upstream = walk.found.get(pin.storage_id)
        if upstream is None:
            branch.add(f"{escape(asset)} (event {pin.storage_id} is gone)")
        else:
            _grow(branch, upstream, walk, shown)
