"""`countersign segregation`: were duties kept apart in these landed changes?"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.landed import judge_record, read_change_records
from release_assets.domain.people.roster_file import read_people, read_people_lines
from release_assets.domain.verdict import Verdict, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from release_assets.domain.people.landed import ChangeRecord
    from release_assets.domain.people.roster import Roster

_FILE = click.Path(dir_okay=False)


class Violation(NamedTuple):
    """One rule that one change does not keep."""

    change: str
    code: str
    because: str


@click.group("segregation")
def segregation() -> None:
    """Who may not be whom, over recorded changes."""


@segregation.command("check")
@click.option("--changes", required=True, type=_FILE, help="Landed changes, JSON lines.")
@click.option("--people", required=True, type=_FILE, help="people.yaml, or JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def check(ctx: click.Context, *, changes: str, people: str, as_json: bool) -> None:
    """Check every change for independent reviews and a deployer who is no contributor.

    What a record does not say is unknown, and unknown does not pass. Exit 0 when all duties were
    kept apart, 1 when not, 2 when a file cannot be read.
    """
    records = read_change_records(_read(changes), file=changes)
    verdict, violations = judge(records, _roster(people))
    click.echo(_document(verdict, violations, len(records)) if as_json else _told(verdict))
    ctx.exit(verdict.outcome.exit_code)


def judge(records: Sequence[ChangeRecord], roster: Roster) -> tuple[Verdict, tuple[Violation, ...]]:
    """The verdict over all changes, and each violation."""
    violations: list[Violation] = []
    kept: dict[str, int] = defaultdict(int)
    for record in records:
        findings = judge_record(record, roster)
        broken = [f for f in findings if f.outcome is not Outcome.PASSED]
        violations += [Violation(record.change, f.rule, f.because) for f in broken]
        for rule in {f.rule for f in findings} - {f.rule for f in broken}:
            kept[rule] += 1
    found = (*_violated(violations), *_held(kept, violations))
    return conclude("segregation", found), tuple(violations)


def _violated(violations: Sequence[Violation]) -> Iterator[Finding]:
    for change, code, because in violations:
        told = f"change {change}: {because}"
        yield Finding(rule=code, outcome=Outcome.FAILED, because=told)


def _held(kept: Mapping[str, int], violations: Sequence[Violation]) -> Iterator[Finding]:
    """One finding for each rule that every change keeps."""
    for rule in sorted(kept.keys() - {v.code for v in violations}):
        told = f"{rule.replace('_', ' ')} in all {kept[rule]} changes"
        yield Finding(rule=rule, outcome=Outcome.PASSED, because=told, n=kept[rule])


def _document(verdict: Verdict, violations: Sequence[Violation], changes: int) -> str:
    listed = [v._asdict() for v in violations]
    document = verdict.document() | {"changes": changes, "violations": listed}
    return json.dumps(document, ensure_ascii=False)


def _told(verdict: Verdict) -> str:
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
        raise InputError(f"cannot be read: {exc.strerror}", file=path) from exc
    return decode(content, file=path)
