"""A Markdown file that people read: a title, then entries, each added once.

Does not interpret the entries. Which were added is an HTML comment under each, so the file
is its own memory: nothing else must be kept or can disagree. What others wrote cannot pass for
such a comment, nor for a heading of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from resources.local.durable_files import locked, write_atomically

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_HEADING = re.compile(r"^(\s{0,3})(#|=+\s*$|-+\s*$)", re.MULTILINE)


def add_once(path: Path, *, title: str, headline: str, text: str, dedup: str, at: datetime) -> None:
    """Add an entry unless one with this `dedup` is there; whole or not at all.

    Raises `OSError`.
    """
    mark = f"<!-- dedup: {quote(dedup, safe='/:@#+ ')} -->"
    with locked(path.with_name(f".{path.name}.lock")):
        before = path.read_text(encoding="utf-8") if path.exists() else f"# {title}\n"
        if mark in before.splitlines():
            return
        when = f"{at:%Y-%m-%d %H:%M:%S} UTC"
        entry = f"\n## {_one_line(headline)}\n\n{when}\n\n{_plain(text)}\n\n{mark}\n"
        write_atomically(path, (before + entry).encode())


def _one_line(text: str) -> str:
    return _without_comments(" ".join(text.split()))


def _plain(text: str) -> str:
    return _HEADING.sub(r"\1\\\2", _without_comments(text.strip()))


def _without_comments(text: str) -> str:
    return text.replace("<!--", "&lt;!--")
