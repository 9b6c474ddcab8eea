"""`countersign ledger`: its head, whether it is whole, and its entries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from release_assets.domain.errors import InputError
from release_assets.domain.ledger.entries import Head
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.ledger.whole import judge_whole
from release_assets.domain.release import ReleaseKey
from release_assets.domain.sign_off.quorum import heads_seen, read_sign_offs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from release_assets.domain.finding import Finding
    from release_assets.domain.ledger.entries import Entry
    from release_assets.domain.ledger.whole import Wholeness
    from release_assets.domain.verdict import Verdict
    from release_assets.ports import Ledger
    from resources.ledger_store import SqlLedger

_HEAD = re.compile(r"[0-9]{1,18}:sha256:[0-9a-f]{64}")


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

    Exit 0 when the ledger is whole; 1 when it was tampered with or is not a ledger, where the first
    bad entry is named; 2 on wrong usage; 3 when it has no entry or cannot be read now.
    """
    heads = [_read_head(text) for text in seen]
    found = judge_whole(_open(url).rows(), seen=heads, signed_heads=_signed_heads)
    click.echo(_json(_document(found)) if as_json else _text(found.verdict))
    ctx.exit(found.verdict.outcome.exit_code)


def _document(found: Wholeness) -> dict[str, Any]:
    head = found.head.document() if found.head else {"size": None, "root": None}
    return found.verdict.document() | head | {"first_bad_entry": found.first_bad_entry}


def _text(verdict: Verdict) -> str:
    """Return the headline, and below it what it leaves out."""
    others = (f.because for f in verdict.findings if f.because not in verdict.headline)
    return "\n".join([verdict.headline, *(f"  {because}" for because in others)])


@ledger.command("show")
@_options
@click.option("--release", help="Only entries about this release.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([k.value for k in EntryKind]))
@click.option("--after", default=0, type=click.IntRange(min=0), help="Only entries after this one.")
def show(
    *, url: str | None, as_json: bool, release: str | None, kinds: Sequence[str], after: int
) -> None:
    """Print entries in order, each verified."""
    about = str(ReleaseKey.parse(release)) if release else None
    found = _open(url).entries(release=about, kinds=kinds, after=after)
    if as_json:
        click.echo(_json({"entries": [entry.document() for entry in found]}))
    else:
        click.echo("\n".join(_line(entry) for entry in found) or "no entries")


def _signed_heads(entries: Sequence[Entry]) -> tuple[Sequence[Head], Sequence[Finding]]:
    return heads_seen(entries), read_sign_offs(entries)[1]


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
    if not _HEAD.fullmatch(text):
        hint = "copy the whole line that `countersign ledger head` prints: 12:sha256: and 64 digits"
        raise InputError(f"'{text}' is not a head", hint=hint)
    size, _, root = text.partition(":")
    return Head(size=int(size), root=root)


def _line(entry: Entry) -> str:
    parts = (entry.body.get(key) for key in ("gate", "act", "event", "name", "headline", "because"))
    words = " ".join(str(part) for part in parts if part)
    about = entry.release or "-"
    return f"{entry.seq:>6}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.kind:<12} {about:<22} {words}"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
