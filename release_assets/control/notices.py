"""Puts notices about a release into the outbox: one for each channel, once.

Decides nothing: whom to notify, and why, the caller knows. `sensors/outbox` delivers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.ports import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from release_assets.domain.release import Release, ReleaseKey
    from release_assets.ports import ReleaseStore
    from release_assets.records.book import Book


def page(
    release_store: ReleaseStore,
    key: ReleaseKey,
    channels: Iterable[str],
    *,
    what: str,
    because: str,
    dedup: str,
    now: datetime,
) -> None:
    """Notify each channel of what happened to a release and why; once for the same `dedup`."""
    for channel in dict.fromkeys(channels):
        notice = Notice(
            channel=channel,
            headline=f"{key} {what}",
            text=because,
            release=str(key),
            dedup=f"{dedup}:{channel}",
            at=now,
        )
        release_store.enqueue(notice)


def named_by_plan(book: Book, release: Release) -> tuple[str, ...]:
    """Return the channels that the release's own plan names."""
    return book.repository.planned(release.key)[1].notify


def author_of(book: Book, key: ReleaseKey) -> str:
    """Return who wrote the change, as channels name people."""
    return book.repository.change(key).author.removeprefix("local:")
