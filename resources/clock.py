"""The one reader of the time; everything else takes `now` as an argument (law 7)."""

from __future__ import annotations

from datetime import UTC, datetime

from release_assets.ports import Clock


class SystemClock(Clock):
    """The machine's clock, in aware UTC."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)
