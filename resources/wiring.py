"""Builds the world that a `countersign.yaml` describes: one adapter per port, by name.

    feature_roots: {policy-search: features/policy-search}
    ports:
      ledger: {use: sql, url: "sqlite:///{here}/ledger.sqlite"}
      ...

The file is named by COUNTERSIGN_CONFIG; there is no silent default. `{here}` is the folder of the
file. Unknown ports, adapters and settings are errors with the nearest known word; a port without
an adapter is an error too.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from release_assets.domain.documents import FileRecord, read_located
from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.ports import Ports, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_assets.domain.documents import Lines

CONFIG_VARIABLE = "COUNTERSIGN_CONFIG"

ADAPTERS: dict[str, dict[str, str]] = {
    "clock": {"system": "resources.clock:SystemClock"},
    "git_host": {"local_git": "resources.local.git.host:LocalGitHost"},
    "code_checker": {"tools": "resources.tools.code_health:ToolCodeHealth"},
    "security_scanner": {"local": "resources.tools.scanners:LocalScanners"},
    "deployer": {"processes": "resources.local.units.deployer:ProcessDeployer"},
    "traffic_router": {"caddy": "resources.local.router.caddy:CaddyRouter"},
    "prompt_registry": {"directory": "resources.local.prompt_registry:DirectoryPromptRegistry"},
    "eval_engine": {
        "inspect": "resources.evals.inspect_engine:InspectEngine",
        "direct": "resources.evals.direct_engine:DirectEngine",
    },
    "benchmark_engine": {"direct": "resources.evals.direct_engine:DirectEngine"},
    "live_metrics": {"call_log": "resources.local.traffic.call_log:CallLog"},
    "change_tickets": {"files": "resources.local.notes.tickets:FileTickets"},
    "notifier": {"files": "resources.local.notes.outbox:FileNotifier"},
    "evidence_shape": {"great_expectations": "resources.expectations:GreatExpectationsShape"},
    "evidence_store": {"files": "resources.evidence_store:FileEvidenceStore"},
    "ledger": {"sql": "resources.ledger_store:SqlLedger"},
    "release_store": {"sql": "resources.release_store:SqlReleaseStore"},
}


class WorldFile(FileRecord):
    """The world: adapters per port, and where policy and people are read from."""

    feature_roots: dict[str, str]
    policy: str = "policy.yaml"
    people: str = "people.yaml"
    models: str = "models.yaml"
    ports: dict[str, dict[str, Any]] = Field(min_length=1)


def config_path() -> Path:
    """Return the path in COUNTERSIGN_CONFIG; raises `InputError` when it is not set."""
    named = os.environ.get(CONFIG_VARIABLE)
    if not named:
        hint = "`countersign demo` makes a local world; or set it to your countersign.yaml"
        raise InputError(f"{CONFIG_VARIABLE} is not set, so there is no world to read", hint=hint)
    return Path(named)


@cache
def load_world(path: Path) -> Ports:
    """Build the ports of a world; raises `InputError` with file and line. Adapters open late."""
    if not path.is_file():
        raise InputError("the file does not exist", file=str(path), hint=f"see {CONFIG_VARIABLE}")
    located = read_located(path.read_text(encoding="utf-8"), WorldFile, file=str(path))
    file, lines, here = located.record, located.lines, str(path.resolve().parent)
    built = {port: _adapter(port, spec, lines, here) for port, spec in file.ports.items()}
    return Ports(**_all_of(built, lines), settings=_settings(file))


def _settings(file: WorldFile) -> Settings:
    return Settings(
        feature_root=file.feature_roots, policy=file.policy, people=file.people, models=file.models
    )


def _all_of(built: dict[str, Any], lines: Lines) -> dict[str, Any]:
    wanted = [f.name for f in fields(Ports) if f.name != "settings"]
    missing = [name for name in wanted if name not in built]
    if missing:
        raise lines.error(f"no adapter for {', '.join(missing)}; add one with 'use'", "ports")
    return built


def _adapter(port: str, spec: dict[str, Any], lines: Lines, here: str) -> Any:
    """Build one adapter; its settings must be parameters of its constructor."""
    line = lines.line("ports", port)
    if port not in ADAPTERS:
        raise UnknownWordError(port, ADAPTERS, file=lines.file, line=line)
    use = spec.get("use", "")
    if use not in ADAPTERS[port]:
        place = lines.line("ports", port, "use")
        raise UnknownWordError(str(use), ADAPTERS[port], file=lines.file, line=place)
    make = _constructor(ADAPTERS[port][use])
    known = set(inspect.signature(make).parameters)
    settings = {k: _placed(v, here) for k, v in spec.items() if k != "use"}
    for word in settings:
        if word not in known:
            place = lines.line("ports", port, word)
            raise UnknownWordError(word, known, file=lines.file, line=place)
    try:
        return make(**settings)
    except TypeError as exc:
        raise InputError(f"{port}: {exc}", file=lines.file, line=line) from exc


def _constructor(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    made: Callable[..., Any] = getattr(import_module(module), name)
    return made


def _placed(value: Any, here: str) -> Any:
    if isinstance(value, str):
        return value.replace("{here}", here)
    if isinstance(value, list):
        return [_placed(item, here) for item in value]
    if isinstance(value, dict):
        return {k: _placed(v, here) for k, v in value.items()}
    return value
