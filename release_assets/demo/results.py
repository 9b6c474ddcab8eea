"""What a demo leaves behind: delivered notices, a verified ledger, a dossier for every release.

Decides nothing about a release; waits for the outbox, and writes files.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from release_assets.audit.dossiers import write_pages
from release_assets.domain.errors import LedgerError, UnavailableError
from resources.ledger_store import SqlLedger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.composition import Composition
    from release_assets.demo.world import WorldFolder

_PATIENCE_S = 20.0
_POLL_S = 0.5


def drain_outbox(world: Composition) -> None:
    """Wait until the sensor has delivered the notices that are queued, but not for long."""
    deadline = time.monotonic() + _PATIENCE_S
    while world.ports.release_store.undelivered() and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def verified_ledger(world: Composition) -> dict[str, Any]:
    """Return size and root of the ledger, and whether every entry verifies."""
    ledger = _local_ledger(world)
    head = ledger.head()
    try:
        is_verified = ledger.verify() == ledger.head()
    except LedgerError:
        is_verified = False
    return {"size": head.size, "root": head.root, "verified": is_verified}


def _local_ledger(world: Composition) -> SqlLedger:
    ledger = world.ports.ledger
    if not isinstance(ledger, SqlLedger):
        message = "a local world keeps its ledger in SQLite; its countersign.yaml names another one"
        raise UnavailableError(message)
    return ledger


def write_dossiers(folder: WorldFolder, world: Composition, releases: Sequence[str]) -> list[str]:
    """Write one HTML file for each release; returns their paths."""
    return [str(path) for path in write_pages(world.ports, releases, folder.path / "dossiers")]
