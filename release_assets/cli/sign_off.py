"""`countersign sign-off`: a person's signed yes or no to a release going to production."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from release_assets.domain.errors import InputError
from release_assets.domain.people.roster import Role
from release_assets.domain.release import ReleaseKey
from release_assets.domain.sign_off.quorum import sign_off_body, verify_sign_off
from release_assets.domain.sign_off.rules import SIGNING_ROLES, judge_sign_off
from release_assets.domain.sign_off.statement import SignOffDecision, Statement
from release_assets.domain.verdict import Verdict, conclude

if TYPE_CHECKING:
    from release_assets.composition import Composition
    from release_assets.domain.release import Release
    from release_assets.domain.sign_off.rules import Promotion

VALID_FOR = timedelta(hours=8)


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
    """Sign RELEASE off in a role, with the SSH key that the roster knows you by.

    Refused when you contributed to the release or reviewed it; the refusal is recorded.
    """
    from release_assets.cli.world import open_world

    decision = SignOffDecision.NO if reject else SignOffDecision.YES
    world = open_world()
    about = world.records.repository.release(ReleaseKey.parse(release))
    verdict = submit(world, about, Role(role), Path(key), decision, because)
    click.echo(json.dumps(verdict.document(), ensure_ascii=False) if as_json else verdict.headline)
    ctx.exit(verdict.outcome.exit_code)


def submit(
    world: Composition,
    release: Release,
    role: Role,
    key: Path,
    decision: SignOffDecision,
    because: str,
) -> Verdict:
    """Sign, judge, and record: a sign-off when it counts, a refusal when it does not."""
    from release_assets.sign_off.promotion import promotion_of
    from resources.ssh_keys import public_line, read_private_key, sign

    records, now = world.records, world.ports.clock.now()
    if decision is SignOffDecision.YES:
        with records.refusals_recorded(release, "sign_off"):
            records.require_passed(release, ["pre_merge/gate", "staging/gate"])
    private = read_private_key(key)
    promotion = promotion_of(records, release)
    statement = Statement(
        subject=promotion.subject,
        decision=decision,
        role=role,
        person=_owner(promotion, public_line(private)),
        ledger_head=world.ports.ledger.head(),
        nonce=secrets.token_hex(16),
        issued_at=now,
        expires_at=now + VALID_FOR,
        because=because,
    )
    signature = sign(statement.payload(), private)
    findings = judge_sign_off(verify_sign_off(statement, signature, at=now), promotion, now=now)
    verdict = conclude("sign_off/signature", findings)
    if verdict.is_passed or decision is SignOffDecision.NO:
        records.write("sign_off", sign_off_body(statement, signature), release)
    else:
        records.write("refusal", _refusal(statement, verdict), release)
    return verdict


def _owner(promotion: Promotion, public_key: str) -> str:
    found = promotion.roster.owner_of(public_key)
    if found is None:
        hint = "add the key to people.yaml on main, through a reviewed change"
        raise InputError("nobody in the roster is known by this key", hint=hint)
    return found[0].id


def _refusal(statement: Statement, verdict: Verdict) -> dict[str, object]:
    return {
        "act": "sign_off",
        "person": statement.person,
        "role": statement.role.value,
        "because": verdict.headline,
        "findings": verdict.document()["findings"],
        "statement": statement.document(),
    }
