"""Tells people: one notice for each channel, once, through the outbox of the release store.

Decides nothing; who is told and why, the caller knows.
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
    """Say of a release what happened and why; the same `dedup` is told to a channel once."""
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


def named_by_plan(records: Book, release: Release) -> tuple[str, ...]:
    """The channels that the release's own plan names."""
    return records.repository.plan(release.key.feature, release.commit).notify


def author_of(records: Book, key: ReleaseKey) -> str:
    """Who wrote the change, as channels name people."""
    return records.repository.change(key).author.removeprefix("local:")
