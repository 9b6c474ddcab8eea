"""Freeze windows: no rollout starts and no traffic rises in one; the brake works as ever.

The window stands in the policy at main. Asked where a sensor would request, and again right before
the write (DESIGN section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from release_assets.records.recorder import Records


def why_frozen(records: Records, now: datetime) -> str | None:
    """Why starting and raising are stopped now, if they are."""
    return records.repository.policy().why_frozen(now)


def require_no_freeze(records: Records, now: datetime) -> None:
    """Raises `RefusedError` in a freeze window."""
    if because := why_frozen(records, now):
        raise RefusedError(f"frozen {because}")
