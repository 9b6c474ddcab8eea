"""The end of a demo: notices delivered, ledger verified, a dossier for every release."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from release_assets.audit.dossier_page import render
from release_assets.audit.dossiers import dossier_of, names_at_main
from release_assets.domain.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.composition import Composition
    from release_assets.demo.world import WorldFolder

_PATIENCE_S = 20.0
_POLL_S = 0.5


def drain_outbox(world: Composition) -> None:
    """Wait until the sensor has delivered what waits, for a while."""
    deadline = time.monotonic() + _PATIENCE_S
    while world.ports.release_store.undelivered() and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def verified_ledger(world: Composition) -> dict[str, Any]:
    """Size and root, and whether every entry verifies."""
    head = world.ports.ledger.head()
    try:
        verified = world.ports.ledger.verify() == world.ports.ledger.head()
    except LedgerError:
        verified = False
    return {"size": head.size, "root": head.root, "verified": verified}


def write_dossiers(folder: WorldFolder, world: Composition, releases: Sequence[str]) -> list[str]:
    """One HTML file for each release; their paths."""
    names = names_at_main(world.ports)
    there = folder.path / "dossiers"
    there.mkdir(exist_ok=True)
    paths = []
    for release in releases:
        path = there / f"{release}.html"
        page = render(dossier_of(release, world.ports.ledger, names), names)
        path.write_text(page, encoding="utf-8")
        paths.append(str(path))
    return paths
