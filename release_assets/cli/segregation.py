"""`countersign segregation`: were duties kept apart in these landed changes?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from release_assets.cli.rows.lines import unreadable
from release_assets.domain.documents import decode
from release_assets.domain.people.landed import judge_landed, read_change_records
from release_assets.domain.people.roster_file import read_people, read_people_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.people.landed import Violation
    from release_assets.domain.people.roster import Roster
    from release_assets.domain.verdict import Verdict

_FILE = click.Path(dir_okay=False)


@click.group("segregation")
def segregation() -> None:
    """Segregation of duties over recorded changes."""


@segregation.command("check")
@click.option("--changes", required=True, type=_FILE, help="Landed changes, JSON lines.")
@click.option("--people", required=True, type=_FILE, help="people.yaml, or JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def check(ctx: click.Context, *, changes: str, people: str, as_json: bool) -> None:
    """Check every change for independent reviews and a deployer who is not a contributor.

    What a record lacks is unknown, and unknown does not pass. Exit 0 when all duties were kept
    apart, 1 when not, 2 when a file cannot be read.
    """
    records = read_change_records(_read(changes), file=changes)
    verdict, violations = judge_landed(records, _roster(people))
    click.echo(_document(verdict, violations, len(records)) if as_json else _text(verdict))
    ctx.exit(verdict.outcome.exit_code)


def _document(verdict: Verdict, violations: Sequence[Violation], changes: int) -> str:
    listed = [v._asdict() for v in violations]
    document = verdict.document() | {"changes": changes, "violations": listed}
    return json.dumps(document, ensure_ascii=False)


def _text(verdict: Verdict) -> str:
    lines = [f"  {f.outcome}  {f.rule}: {f.because}" for f in verdict.findings]
    return "\n".join([verdict.headline, *lines])


def _roster(path: str) -> Roster:
    text = _read(path)
    is_lines = Path(path).suffix in {".jsonl", ".ndjson", ".json"} or text.lstrip().startswith("{")
    return read_people_lines(text, file=path) if is_lines else read_people(text, file=path)


def _read(path: str) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as exc:
        raise unreadable(exc, path, "JSON lines, or people.yaml") from exc
    return decode(content, file=path)
