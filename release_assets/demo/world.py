"""The local world of the demo: one folder, built from the example feature, and its processes ended.

Decides where everything is: repository, keys, ledger, stores, logs, Dagster's home, and the notes
of every process, by which orphans of a killed run are found and ended. Building is for the demo and
tests; a company's world is its own `countersign.yaml`. Starting processes is `startup`.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from resources.local.git.seed import create
from resources.local.units.loopback_ports import free_port, require_free_port
from resources.local.units.processes import ProcessTable
from resources.ssh_keys import generate_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EXAMPLES = Path(__file__).parents[2] / "examples"
CODE = Path(__file__).parents[2]
FEATURE = "policy-search"


@dataclass(frozen=True)
class WorldFolder:
    """Where things are in a local world."""

    path: Path

    @property
    def config(self) -> Path:
        """Return the countersign.yaml of this world."""
        return self.path / "countersign.yaml"

    @property
    def addresses(self) -> Path:
        """Return the file with the network ports of this world."""
        return self.path / "addresses.json"

    @property
    def dagster_home(self) -> Path:
        """Return the folder of Dagster's own storage and settings."""
        return self.path / "dagster"

    @property
    def processes(self) -> ProcessTable:
        """Return the processes of this world, except its units."""
        return ProcessTable(str(self.path / "processes"))

    @property
    def units(self) -> ProcessTable:
        """Return the units of this world, as the deployer notes them."""
        return ProcessTable(str(self.path / "units" / "processes"))

    def key(self, person: str) -> Path:
        """Return the file of a person's private SSH key."""
        return self.path / "keys" / person

    def address(self, name: str) -> str:
        """Return `host:port` of `front`, `admin`, `webserver` or `code_server`."""
        found: str = json.loads(self.addresses.read_text())[name]
        return found


def end(folder: WorldFolder) -> tuple[str, ...]:
    """End every process that this world started, now or in a run that was killed."""
    if not folder.path.is_dir():
        return ()
    return folder.processes.end_orphans() + folder.units.end_orphans()


def build(folder: WorldFolder, now: datetime, ui_port: int | None = None) -> None:
    """Make the world anew; whatever ran there before is ended first.

    Raises `InputError` when `ui_port`, for the Dagster UI, is in use.
    """
    end(folder)
    if ui_port:
        require_free_port(ui_port, "the Dagster UI")
    shutil.rmtree(folder.path, ignore_errors=True)
    for name in ("keys", "dagster", "evidence", "logs"):
        (folder.path / name).mkdir(parents=True, exist_ok=True)
    ports = {n: f"127.0.0.1:{free_port()}" for n in ("front", "admin", "webserver", "code_server")}
    ports["webserver"] = f"127.0.0.1:{ui_port}" if ui_port else ports["webserver"]
    folder.addresses.write_text(json.dumps(ports))
    _make_repository(folder, now)
    folder.config.write_text(yaml.safe_dump(_config(ports), sort_keys=False))
    _write_dagster_home(folder, ports)


def _make_repository(folder: WorldFolder, now: datetime) -> None:
    """Make a repository with the example feature as main, and new keys for its people."""
    source = folder.path / "source"
    shutil.copytree(EXAMPLES / FEATURE, source, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    people_file = source / "people.yaml"
    people = yaml.safe_load(people_file.read_text())
    accounts: dict[str, str] = {}
    for person in people["people"]:
        pair = generate_key(person["person"])
        _write_key(folder.key(person["person"]), pair.private_openssh_pem)
        valid = {"valid_from": now.date(), "valid_until": None}
        person["keys"] = [{"public_key": pair.public_line, **valid}]
        accounts |= dict.fromkeys(person["emails"], person["accounts"][0])
    people_file.write_text(yaml.safe_dump(people, sort_keys=False, allow_unicode=True))
    create(str(folder.path / "repository.git"), str(source), now, accounts=accounts)
    shutil.rmtree(source)


def _write_key(path: Path, pem: str) -> None:
    path.touch(mode=0o600)
    path.write_text(pem)


def _config(ports: Mapping[str, str]) -> dict[str, Any]:
    """Return what countersign.yaml holds; `{here}` is its folder."""
    return {
        "feature_roots": {FEATURE: f"features/{FEATURE}"},
        "ports": {
            "clock": {"use": "system"},
            "git_host": {"use": "local_git", "repository": "{here}/repository.git"},
            "code_checker": {"use": "tools", "cache": "{here}/cache"},
            "security_scanner": {"use": "local", "cache": "{here}/cache"},
            "deployer": {
                "use": "processes",
                "folder": "{here}/units",
                "repository": "{here}/repository.git",
                "prompt_registry": "{here}/prompts",
                "call_log": "{here}/logs/calls.jsonl",
            },
            "traffic_router": {
                "use": "caddy",
                "admin": ports["admin"],
                "front": ports["front"],
                "folder": "{here}/caddy",
            },
            "prompt_registry": {"use": "directory", "folder": "{here}/prompts"},
            "eval_engine": {"use": "inspect", "log_folder": "{here}/logs/inspect"},
            "benchmark_engine": {"use": "direct", "concurrency": 1},
            "live_metrics": {
                "use": "call_log",
                "path": "{here}/logs/calls.jsonl",
                "pairs": "{here}/logs/pairs.jsonl",
                "front": "{here}/caddy/front.jsonl",
            },
            "change_tickets": {"use": "files", "folder": "{here}/tickets"},
            "notifier": {"use": "files", "folder": "{here}/outbox"},
            "evidence_shape": {"use": "great_expectations"},
            "evidence_store": {"use": "files", "root": "{here}/evidence"},
            "ledger": {"use": "sql", "url": "sqlite:///{here}/ledger.sqlite"},
            "release_store": {"use": "sql", "url": "sqlite:///{here}/releases.sqlite"},
        },
    }


def _write_dagster_home(folder: WorldFolder, ports: Mapping[str, str]) -> None:
    settings = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "run_coordinator": {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        "concurrency": {"runs": {"max_concurrent_runs": 3}, "pools": {"default_limit": 1}},
        "sensors": {"use_threads": True, "num_workers": 8},
        "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 5},
    }
    (folder.dagster_home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    host, _, port = ports["code_server"].partition(":")
    server = {"host": host, "port": int(port), "location_name": "countersign"}
    workspace = {"load_from": [{"grpc_server": server}]}
    (folder.dagster_home / "workspace.yaml").write_text(yaml.safe_dump(workspace))


def environment(folder: WorldFolder) -> dict[str, str]:
    """Return the environment of the world's processes: nothing of the caller's is in it."""
    return {
        "COUNTERSIGN_CONFIG": str(folder.config),
        "DAGSTER_HOME": str(folder.dagster_home),
        "HOME": str(folder.path / "home"),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(CODE),
        "PYTHONWARNINGS": "ignore",
        "DO_NOT_TRACK": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
    }
