"""The entry of `countersign`: finds a command, runs it, turns errors into messages and exit codes.

Commands are imported when they are called, so that `compare` never waits for Dagster.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

import click

from release_assets.domain.errors import (
    AdapterError,
    InputError,
    LedgerError,
    NotFoundError,
    RefusedError,
    ReleaseError,
)

COMMANDS = {
    "audit": "audit:audit",
    "backtest": "backtest:backtest",
    "compare": "compare:compare",
    "demo": "demo:demo",
    "ledger": "ledger:ledger",
    "plan": "plan:plan",
    "segregation": "segregation:segregation",
    "sign-off": "sign_off:sign_off",
    "status": "status:status",
}


class _Late(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        found: click.Command = getattr(import_module(f"release_assets.cli.{module}"), name)
        return found


@click.command(cls=_Late, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="countersign")
def cli() -> None:
    """The release pipeline for AI features: gates, sign-off, canary, rollback, audit."""


def main() -> None:
    """Run a command; a `ReleaseError` ends it with one message and no traceback."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as exc:
        code = exc.exit_code
    except click.Abort:
        code = 130
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        code = 2
    except click.ClickException as exc:
        _print(InputError(exc.format_message().rstrip("."), hint=_help(exc)))
        code = 2
    except ReleaseError as exc:
        _print(exc)
        code = exit_code(exc)
    sys.exit(code if isinstance(code, int) else 0)


def _help(exc: click.ClickException) -> str:
    ctx = getattr(exc, "ctx", None)
    return f"see `{ctx.command_path if ctx else 'countersign'} --help`"


def exit_code(error: ReleaseError) -> int:
    """Return 1 for refusals and a damaged ledger, 2 for input, 3 for what cannot be known now."""
    if isinstance(error, RefusedError | LedgerError):
        return 1
    if isinstance(error, InputError | NotFoundError):
        return 2
    return 3 if isinstance(error, AdapterError) else 2


def _print(error: ReleaseError) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": error_document(error)}, ensure_ascii=False))
    click.echo(f"countersign: {printable(str(error))}", err=True)


def printable(text: str) -> str:
    """Return a text with the characters escaped that could move a terminal's cursor or colours.

    Messages quote what is in a file, whoever wrote it.
    """
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def error_document(error: ReleaseError) -> dict[str, object]:
    """Return the JSON document of an error."""
    if isinstance(error, InputError):
        message, hint = error.message, error.hint
    else:
        message, hint = str(error), ""
    return {
        "kind": error.kind,
        "message": message,
        "file": getattr(error, "file", None),
        "line": getattr(error, "line", None),
        "hint": hint,
    }
