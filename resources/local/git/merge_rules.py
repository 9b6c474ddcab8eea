"""When the local git host lets a change land on main, as a git host's branch rules would.

Facts of the host only: an approval of the present files by another account, no change requested,
a passed `pre-merge` status, and main unchanged since then. Which persons must differ is decided in
`domain/people/segregation.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.errors import RefusedError
from release_assets.domain.people.change import ReviewState

if TYPE_CHECKING:
    from release_assets.domain.people.change import Change

PRE_MERGE = "pre-merge"


def require_mergeable(change: Change, main: str, pre_merge: str) -> None:
    """Raise `RefusedError` unless the change may land; `pre_merge` is the status of its head."""
    if change.base != main:
        # What was judged before the merge must be what is on main after it, to the byte.
        raise RefusedError(f"change {change.number} is behind main; rebase it and push")
    latest = {r.account: r.state for r in change.reviews if r.tree == change.tree}
    others = [state for account, state in latest.items() if account != change.author]
    if ReviewState.CHANGES_REQUESTED in others:
        raise RefusedError(f"change {change.number} has changes requested; answer them first")
    if ReviewState.APPROVED not in others:
        raise RefusedError(f"change {change.number} needs an approval of its present files")
    if pre_merge != "passed":
        status = f"the status '{PRE_MERGE}' of its head is {pre_merge}"
        raise RefusedError(f"change {change.number} cannot be merged: {status}")
