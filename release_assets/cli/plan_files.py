"""Reads a rollout plan from a file that a person named, in bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from release_assets.cli.json_lines import unreadable
from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.rollout_plan import read_rollout_plan

if TYPE_CHECKING:
    from release_assets.domain.rollout_plan import RolloutPlan

LARGEST_PLAN = 262_144


def read_plan(path: str) -> RolloutPlan:
    """The resolved plan; raises `InputError` with file and line."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_PLAN + 1)
    except OSError as reason:
        raise unreadable(reason, path, "canary stages") from reason
    if len(content) > LARGEST_PLAN:
        hint = "a rollout plan has a few canary stages"
        raise InputError(f"more than {LARGEST_PLAN} bytes", file=path, hint=hint)
    return read_rollout_plan(decode(content, file=path), file=path)
