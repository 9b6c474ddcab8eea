"""`countersign sign-off`: a person's signed yes or no to a release going to production."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from release_assets.domain.people.roster import Role
from release_assets.domain.release import ReleaseKey
from release_assets.domain.sign_off.statement import SignOffDecision
from release_assets.domain.sign_off.validity import SIGNING_ROLES

if TYPE_CHECKING:
    from release_assets.sign_off.submission import Signer


@click.command("sign-off")
@click.argument("release")
@click.option("--role", required=True, type=click.Choice([r.value for r in SIGNING_ROLES]))
@click.option("--key", required=True, type=click.Path(dir_okay=False), help="Your SSH key.")
@click.option("--reject", is_flag=True, help="Say no; needs --because.")
@click.option("--because", default="", help="Why; shown to everybody.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def sign_off(
    ctx: click.Context,
    *,
    release: str,
    role: str,
    key: str,
    reject: bool,
    because: str,
    as_json: bool,
) -> None:
    """Sign RELEASE off in a role, with the SSH key that the roster has for you.

    Refused when you contributed to the release or reviewed it; the refusal is recorded.
    """
    from release_assets.cli.world import open_book
    from release_assets.sign_off.submission import SignOffAnswer, submit

    decision = SignOffDecision.NO if reject else SignOffDecision.YES
    book = open_book()
    about = book.repository.release(ReleaseKey.parse(release))
    answer = SignOffAnswer(decision=decision, role=Role(role), because=because)
    verdict = submit(book, about, answer, signer_at(Path(key)))
    click.echo(json.dumps(verdict.document(), ensure_ascii=False) if as_json else verdict.headline)
    ctx.exit(verdict.outcome.exit_code)


def signer_at(path: Path) -> Signer:
    """Return the signer of a private key file; raises `InputError`."""
    from release_assets.sign_off.submission import Signer
    from resources.ssh_keys import public_line, read_private_key, sign

    key = read_private_key(path)
    return Signer(public_line=public_line(key), sign=lambda payload: sign(payload, key))
