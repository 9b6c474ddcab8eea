"""Where every release is: those with entries in the ledger, and changes that have none yet.

Reads the ledger, the git host and the release store; `history/standing` decides.
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
    """Return one line for each release, in the order of their first entries."""
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
