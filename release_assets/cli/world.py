"""Opens the world that COUNTERSIGN_CONFIG names, for commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.composition import compose
from resources.wiring import config_path, load_world

if TYPE_CHECKING:
    from release_assets.composition import Composition


def open_world() -> Composition:
    """The composed world; raises `InputError` when none is named or it cannot be read."""
    return compose(load_world(config_path()))
