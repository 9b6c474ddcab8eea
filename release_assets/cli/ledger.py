"""`countersign ledger`: its head, whether it is whole, and what stands in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from release_assets.domain.errors import InputError, LedgerError
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.entries import Head
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.ledger.verification import verify
from release_assets.domain.sign_off.quorum import heads_seen, read_sign_offs
from release_assets.domain.verdict import Verdict, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from release_assets.domain.ledger.entries import Entry, Row
    from release_assets.ports import Ledger
    from resources.ledger_store import SqlLedger

WHOLE = "ledger_is_whole"
SEEN = "ledger_is_the_one_that_was_seen"
SIGNED = "ledger_is_the_one_that_signatories_saw"


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    url = click.option("--ledger", "url", help="URL of the ledger; else that of the world's file.")
    as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    return url(as_json(command))


@click.group("ledger")
def ledger() -> None:
    """The append-only log of decisions."""


@ledger.command("head")
@_options
def show_head(*, url: str | None, as_json: bool) -> None:
    """Print size and root; kept somewhere else, `verify --seen` compares with it."""
    found = _open(url).head()
    click.echo(_json(found.document()) if as_json else f"{found.size}:{found.root}")


@ledger.command("verify")
@_options
@click.option("--seen", multiple=True, help="A head kept elsewhere, SIZE:ROOT; may be repeated.")
@click.pass_context
def verify_ledger(
    ctx: click.Context, *, url: str | None, as_json: bool, seen: Sequence[str]
) -> None:
    """Verify every entry, the whole tree, and every head that signatories or you have seen.

    Exit 0 when the ledger is whole, 1 when it was tampered with; the first bad entry is named.
    """
    verdict, found, bad = judge(_open(url).rows(), [_read_head(text) for text in seen])
    about = found.document() if found else {"size": None, "root": None}
    if as_json:
        click.echo(_json(verdict.document() | about | {"first_bad_entry": bad}))
    else:
        told = (f.because for f in verdict.findings if f.because not in verdict.headline)
        click.echo("\n".join([verdict.headline, *(f"  {because}" for because in told)]))
    ctx.exit(verdict.outcome.exit_code)


@ledger.command("show")
@_options
@click.option("--release", help="Only entries about this release.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([k.value for k in EntryKind]))
@click.option("--after", default=0, type=click.IntRange(min=0), help="Only entries after this one.")
def show(
    *, url: str | None, as_json: bool, release: str | None, kinds: Sequence[str], after: int
) -> None:
    """Print entries in order, each verified."""
    found = _open(url).entries(release=release, kinds=kinds, after=after)
    if as_json:
        click.echo(_json({"entries": [entry.document() for entry in found]}))
    else:
        click.echo("\n".join(_line(entry) for entry in found) or "no entries")


def judge(rows: Sequence[Row], seen: Sequence[Head]) -> tuple[Verdict, Head | None, int | None]:
    """Whether a ledger is whole: the verdict, its head, and the first bad entry."""
    try:
        found = verify(rows, seen=seen)
        findings = [_judge_size(found.size), *_judge_seen(seen), *_judge_signed(rows)]
    except LedgerError as exc:
        broken = Finding(rule=WHOLE, outcome=Outcome.FAILED, because=str(exc))
        return conclude("ledger", [broken]), None, exc.entry
    return conclude("ledger", findings), found, None


def _judge_size(size: int) -> Finding:
    if size == 0:
        # Also what is left when somebody deletes it all.
        because = "the ledger holds no entry, so there is nothing to verify"
        return Finding(rule=WHOLE, outcome=Outcome.INCONCLUSIVE, because=because, n=0)
    return _passed(WHOLE, f"all {size} entries are what was written", size)


def _judge_seen(seen: Sequence[Head]) -> Iterator[Finding]:
    if seen:
        yield _passed(SEEN, f"{len(seen)} heads kept elsewhere agree", len(seen))


def _judge_signed(rows: Sequence[Row]) -> Iterator[Finding]:
    """Persons signed the head they saw: who rewrites the ledger contradicts their signatures."""
    entries = [row.entry() for row in rows if row.kind == EntryKind.SIGN_OFF]
    heads = heads_seen(entries)
    verify(rows, seen=heads)
    if heads:
        yield _passed(SIGNED, f"the heads in {len(heads)} sign-offs agree", len(heads))
    yield from read_sign_offs(entries)[1]


def _passed(rule: str, because: str, n: int) -> Finding:
    return Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=n)


def _open(url: str | None) -> SqlLedger:
    from resources.ledger_store import SqlLedger

    hint = "give --ledger sqlite:///file.db"
    found = SqlLedger(url) if url else _of_the_world()
    if not isinstance(found, SqlLedger):
        raise InputError("the ledger of this world is not in a database", hint=hint)
    if not found.is_there():
        raise InputError(f"there is no ledger at {found.url}", hint=hint)
    return found


def _of_the_world() -> Ledger:
    from release_assets.cli.world import open_ports

    return open_ports().ledger


def _read_head(text: str) -> Head:
    size, _, root = text.partition(":")
    if not size.isdecimal() or not root.startswith("sha256:"):
        hint = "write it like 12:sha256:ab..., as `countersign ledger head` prints it"
        raise InputError(f"'{text}' is not a head", hint=hint)
    return Head(size=int(size), root=root)


def _line(entry: Entry) -> str:
    told = (entry.body.get(key) for key in ("gate", "name", "headline", "because"))
    words = " ".join(str(part) for part in told if part)
    about = entry.release or "-"
    return f"{entry.seq:>6}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.kind:<12} {about:<22} {words}"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
