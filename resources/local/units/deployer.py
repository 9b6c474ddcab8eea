"""Runs units as processes of this machine, and trusts only what they report back.

A unit is exported at its commit, started, awaited, and asked which unit it is: an answer with
another digest is a failed deploy (law 4), whatever the files contain. Deploying again finds the
live process; a dead one is started anew on its old port, so that the router's address stays true.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from release_assets.domain.errors import InputError, UnavailableError
from release_assets.ports import Deployer, Environment, Running
from resources.local.durable_files import locked, write_atomically
from resources.local.git.host import LocalGitHost
from resources.local.units.loopback_ports import free_port, is_free_port
from resources.local.units.probe import is_healthy, read_unit
from resources.local.units.processes import Process, ProcessTable

if TYPE_CHECKING:
    from release_assets.domain.release import Release, Unit

_POLL_S = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Launch:
    """One unit to start: where its files are, and what it serves."""

    name: str
    feature_folder: Path
    unit_file: Path
    release: Release
    environment: Environment


class ProcessDeployer(Deployer):
    """Units as processes on loopback ports.

    Args:
        folder: Exported units, pid files and logs are below it.
        repository: The bare git repository that releases are exported from.
        prompt_registry: Folder of the prompt registry that units read prompts from.
        call_log: Where production units append calls; staging has a log of its own in `folder`.
        python: The interpreter of the units.
        feature_root: Folder of all features in the repository.
        deadline_s: How long a unit may take until it answers.
    """

    def __init__(
        self,
        folder: str,
        repository: str,
        prompt_registry: str,
        call_log: str,
        *,
        python: str = sys.executable,
        feature_root: str = "features",
        deadline_s: float = 60.0,
    ) -> None:
        self._folder = Path(folder).absolute()
        self._repository = repository
        self._prompt_registry, self._call_log = prompt_registry, call_log
        self._python, self._feature_root = python, feature_root
        self._deadline_s = deadline_s
        self._table = ProcessTable(str(self._folder / "processes"))

    def deploy(self, release: Release, environment: Environment) -> Running:
        """Run this unit, or find it running; returns when it answers.

        Raises `UnavailableError` when it dies, does not answer in time, or reports another unit;
        such a unit is stopped again.
        """
        name = _name(release.digest, environment)
        with locked(self._folder / f"{name}.lock"):
            process = self._table.find(name)
            if process and is_healthy(process.about["address"]):
                return self._confirmed(process, release)
            self._table.stop(name)
            launch = self._prepare(name, release, environment)
            return self._confirmed(self._start(launch), release)

    def retire(self, release_digest: str, environment: Environment) -> None:
        """Stop the unit there, if it runs."""
        name = _name(release_digest, environment)
        with locked(self._folder / f"{name}.lock"):
            self._table.stop(name)

    def running(self, environment: Environment) -> tuple[Running, ...]:
        """Return what runs there now."""
        units = (p for p in self._table.running() if p.about.get("environment") == environment)
        return tuple(_running(process) for process in units)

    def published_events(
        self, release_digest: str, environment: Environment
    ) -> list[dict[str, Any]]:
        """Read the events that the unit published there, oldest first."""
        log = self._event_log(_name(release_digest, environment))
        if not log.is_file():
            return []
        with log.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def _event_log(self, name: str) -> Path:
        return self._folder / "events" / f"{name}.jsonl"

    def read_back(self, address: str) -> Unit:
        """Read the unit that answers at an address, as it reports itself (`/release`)."""
        return read_unit(address)

    def end_orphans(self) -> tuple[str, ...]:
        """End all units that an earlier run left; returns their names."""
        return self._table.end_orphans()

    def _prepare(self, name: str, release: Release, environment: Environment) -> _Launch:
        # By commit too: one unit may be in trees that differ in what is not part of it.
        unit = self._folder / "units" / f"{_short(release.digest)}-{release.commit[:12]}"
        LocalGitHost(self._repository).export(release.commit, unit)
        unit_file = self._folder / "unit-files" / f"{name}.json"
        write_atomically(unit_file, json.dumps(self._unit_document(release, environment)).encode())
        return _Launch(
            name=name,
            feature_folder=unit / self._feature_root / release.key.feature,
            unit_file=unit_file,
            release=release,
            environment=environment,
        )

    def _unit_document(self, release: Release, environment: Environment) -> dict[str, Any]:
        # Staging calls are not live traffic: they never reach the log that SLOs are read from.
        is_live = environment is Environment.PRODUCTION
        staging_log = str(self._folder / "staging-calls.jsonl")
        return {
            "release": str(release.key),
            "prompt_set": release.unit.prompts,
            "prompt_registry": str(Path(self._prompt_registry).absolute()),
            "call_log": str(Path(self._call_log).absolute()) if is_live else staging_log,
            "event_log": str(self._event_log(_name(release.digest, environment))),
        }

    def _start(self, launch: _Launch) -> Process:
        port = self._port(launch.name)
        address = f"http://127.0.0.1:{port}"
        serve = ["-m", _serve_module(launch.feature_folder), "--unit", str(launch.unit_file)]
        self._table.start(
            launch.name,
            [self._python, *serve, "--port", str(port)],
            environment=_environment(launch.feature_folder),
            cwd=str(launch.feature_folder),
            about={
                "release": str(launch.release.key),
                "release_digest": launch.release.digest,
                "environment": launch.environment.value,
                "address": address,
                "port": port,
            },
        )
        return self._await(launch.name, address)

    def _port(self, name: str) -> int:
        # The port of the last start outlives the pid file.
        note = self._folder / "unit-files" / f"{name}.port"
        last = note.read_text() if note.is_file() else ""
        port = int(last) if last.isdecimal() and is_free_port(int(last)) else free_port()
        write_atomically(note, str(port).encode())
        return port

    def _await(self, name: str, address: str) -> Process:
        deadline = time.monotonic() + self._deadline_s
        while process := self._table.find(name):
            if is_healthy(address):
                return process
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_S)
        problem = f"did not answer within {self._deadline_s:.0f} s" if process else "ended"
        self._table.stop(name)
        raise UnavailableError(f"{name} {problem}; its last output: {self._table.log_tail(name)}")

    def _confirmed(self, process: Process, release: Release) -> Running:
        reported = self.read_back(process.about["address"])
        if reported.digest != release.digest:
            self._table.stop(process.name)
            parts = ", ".join(reported.differences(release.unit))
            raise UnavailableError(
                f"{release.key} does not run as released: its {parts} differ from the release"
            )
        return _running(process)


def _running(process: Process) -> Running:
    return Running(
        release=process.about["release"],
        release_digest=process.about["release_digest"],
        environment=Environment(process.about["environment"]),
        address=process.about["address"],
        workload=f"pid:{process.pid}",
    )


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _name(digest: str, environment: Environment) -> str:
    return f"unit-{environment}-{_short(digest)}"


def _serve_module(feature_folder: Path) -> str:
    file = feature_folder / "feature.yaml"
    try:
        return str(yaml.safe_load(file.read_text())["serve"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as exc:
        hint = "write 'serve: <module>' into feature.yaml"
        raise InputError("feature.yaml has no 'serve'", file=str(file), hint=hint) from exc


def _environment(feature_folder: Path) -> dict[str, str]:
    # No credentials and no settings of ours: the unit sees its own folder and a path.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(feature_folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "HOME": str(feature_folder),
        "LANG": "C.UTF-8",
    }
