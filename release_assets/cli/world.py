"""Opens the world that COUNTERSIGN_CONFIG names, for commands; neither needs Dagster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.records.book import Book
from resources.wiring import config_path, load_world

if TYPE_CHECKING:
    from release_assets.ports import Ports


def open_ports() -> Ports:
    """Return the ports of the world; raises `InputError` when none is named or readable."""
    return load_world(config_path())


def open_book() -> Book:
    """Return the book of the world; raises `InputError` when none is named or readable."""
    return Book.over(open_ports())
