"""Notices as files: `slack.md` and `pager.md` for people, `notices.jsonl` for programs.

Satisfies `Notifier`. Each file takes a notice once, by its `dedup`; the line for programs is
written last, so it exists only for what people can read.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import UnavailableError, UnknownWordError
from release_assets.ports import Notifier
from resources.local.durable_files import locked, write_atomically
from resources.local.notes.readable_file import add_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_assets.ports import Notice

TITLES = {"slack": "Slack", "pager": "Pager"}


class FileNotifier(Notifier):
    """Delivers into a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def deliver(self, notice: Notice) -> None:
        """Deliver once; raises `UnavailableError`, and `UnknownWordError` on another channel."""
        kind, _, whom = notice.channel.partition(":")
        if kind not in TITLES or not whom:
            raise UnknownWordError(notice.channel, [f"{known}:" for known in TITLES])
        try:
            self._write_for_people(notice, kind, whom)
            self._write_for_programs(notice)
        except OSError as exc:
            raise UnavailableError(f"{notice.channel} cannot be written: {exc}") from exc

    def _write_for_people(self, notice: Notice, kind: str, whom: str) -> None:
        add_once(
            self._folder / f"{kind}.md",
            title=TITLES[kind],
            headline=f"{whom}: {notice.headline}",
            text=notice.text,
            dedup=notice.dedup,
            at=notice.at,
        )

    def _write_for_programs(self, notice: Notice) -> None:
        path = self._folder / "notices.jsonl"
        with locked(self._folder / ".notices.jsonl.lock"):
            before = path.read_bytes() if path.exists() else b""
            if any(known.get("dedup") == notice.dedup for known in _documents(before)):
                return
            line = json.dumps(_document(notice), ensure_ascii=False)
            write_atomically(path, before + f"{line}\n".encode())


def _document(notice: Notice) -> dict[str, Any]:
    return asdict(notice) | {"at": notice.at.isoformat()}


def _documents(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        with suppress(ValueError):  # an edited line must not block a notice
            document = json.loads(line)
            if isinstance(document, dict):
                yield document
