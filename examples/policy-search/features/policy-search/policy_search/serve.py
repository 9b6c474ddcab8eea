"""`python -m policy_search.serve --unit FILE --port N`: load one unit and answer on 127.0.0.1.

FILE is JSON: the release's key, the prompt set and the registry folder to read it from, the call
log, and an event log or null. All else is read from feature.yaml in the working directory.
"""

import argparse
import json
import sys
from pathlib import Path

import uvicorn

from policy_search.call_log import Events
from policy_search.errors import ConfigurationError
from policy_search.manifest import read_manifest
from policy_search.service import Service
from policy_search.unit import load_unit


def load_service(unit_file: Path, root: Path) -> Service:
    """Everything loaded and verified; raises `ConfigurationError` otherwise."""
    try:
        order = json.loads(unit_file.read_bytes())
        release, prompt_set = order["release"], order["prompt_set"]
        registry, call_log = Path(order["prompt_registry"]), Path(order["call_log"])
        event_log = Path(order["event_log"]) if order.get("event_log") else None
        unit = load_unit(
            read_manifest(root), release=release, registry=registry, prompt_set=prompt_set
        )
        return Service(unit, Events(call_log, event_log))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ConfigurationError(f"{unit_file} cannot be used: {exc!r}") from exc


def main() -> int:
    """Serve until told to stop; returns 2 when the unit cannot be loaded."""
    parser = argparse.ArgumentParser(prog="policy_search.serve", description=__doc__)
    parser.add_argument("--unit", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        service = load_service(arguments.unit, Path.cwd())
    except ConfigurationError as exc:
        print(f"policy-search cannot start: {exc}", file=sys.stderr)
        return 2
    uvicorn.run(
        service.app(), host="127.0.0.1", port=arguments.port, log_level="warning", access_log=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
