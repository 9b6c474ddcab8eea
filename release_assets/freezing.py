"""Freeze windows: no rollout starts and no traffic rises in one; the brake works as ever.

The window stands in the policy at main. Asked where a sensor would request, and again right before
the write (DESIGN section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.records import Records


def why_frozen(records: Records, now: datetime) -> str | None:
    """Why starting and raising are stopped now, if they are."""
    window = records.repository.policy().freeze_at(now)
    return f"until {window.ends:%Y-%m-%d %H:%M} UTC: {window.because}" if window else None


def require_no_freeze(records: Records, now: datetime) -> None:
    """Raises `RefusedError` in a freeze window."""
    if because := why_frozen(records, now):
        raise RefusedError(f"frozen {because}")
