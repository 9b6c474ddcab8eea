"""Where every release stands: those the ledger knows, and changes that it does not know yet.

Reads the ledger, the git host and the release store, and asks `domain.standing`; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.history.standing import releases_in, standing_of
from release_assets.domain.release import ReleaseKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.history.reading import Names
    from release_assets.domain.history.standing import Standing
    from release_assets.domain.ledger.entries import Entry
    from release_assets.ports import Ports


def standings(ports: Ports, ledger: Sequence[Entry], names: Names) -> tuple[Standing, ...]:
    """One line for each release, in the order in which the ledger met them."""
    changes = {str(ReleaseKey(c.feature, c.number)): c for c in ports.git_host.changes()}
    known = dict.fromkeys((*releases_in(ledger), *changes))
    return tuple(
        standing_of(
            release,
            [entry for entry in ledger if entry.release == release],
            names,
            change=changes.get(release),
            rollout=ports.release_store.rollout(release),
        )
        for release in known
    )
