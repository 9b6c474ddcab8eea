"""Change tickets as Markdown files, one per release: what a person reads to see its state.

Satisfies `ChangeTickets`. The ticket informs; the ledger decides (a ticket that is lost or edited
changes no verdict). SOC 2 CC8.1: the change has a record that its approvers can read.
"""

from __future__ import annotations

from pathlib import Path

from release_assets.domain.errors import UnavailableError
from release_assets.domain.release import ReleaseKey
from release_assets.ports import ChangeTickets
from resources.clock import SystemClock
from resources.local.notes.readable_file import add_once


class FileTickets(ChangeTickets):
    """Tickets in a folder, `<release>.md`."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._clock = SystemClock()  # a comment has no time: that of its arrival is written

    def comment(self, release: str, headline: str, text: str, dedup: str) -> None:
        """Add a comment once; raises `InputError` on a name that is not a release."""
        key = ReleaseKey.parse(release)
        try:
            add_once(
                self._folder / f"{key}.md",
                title=f"Change ticket of {key}",
                headline=headline,
                text=text,
                dedup=dedup,
                at=self._clock.now(),
            )
        except OSError as exc:
            raise UnavailableError(f"the ticket of {key} cannot be written: {exc}") from exc
