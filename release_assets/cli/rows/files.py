"""Reads a rollout plan or a policy from a file that a person named, in bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from release_assets.cli.rows.lines import unreadable
from release_assets.domain.documents import decode
from release_assets.domain.errors import InputError
from release_assets.domain.files.policy import read_policy
from release_assets.domain.rollout.plan import read_rollout_plan

if TYPE_CHECKING:
    from release_assets.domain.files.policy import Policy
    from release_assets.domain.rollout.plan import RolloutPlan

LARGEST = 262_144


def read_plan(path: str, policy: Policy | None = None) -> RolloutPlan:
    """Return the resolved plan; raises `InputError` with file and line.

    A plan does not have a risk tier: what the policy allows any tier, it allows here.
    """
    text = _text(path, "a rollout plan", "a rollout plan has a few canary stages")
    allows = policy is not None and policy.allows_manual_rollback
    return read_rollout_plan(text, file=path, allow_manual_rollback=allows)


def read_policy_file(path: str) -> Policy:
    """Return the policy; raises `InputError` with file and line."""
    return read_policy(_text(path, "a policy", "a policy has a few risk tiers"), file=path)


def _text(path: str, of: str, hint: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as reason:
        raise unreadable(reason, path, of) from reason
    if len(content) > LARGEST:
        raise InputError(f"more than {LARGEST} bytes", file=path, hint=hint)
    return decode(content, file=path)
