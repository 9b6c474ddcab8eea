"""What an author submits, as the git host saw it happen: pushes, reviews, the merge.

Holds facts only. Accounts are the git host's; `roster.py` has the person behind each.
Commit authors and dates are what the committer claimed; pushes and reviews are what the host saw
(the author and the time of a commit can be forged, the pusher cannot).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ReviewState(StrEnum):
    """The last state that a reviewer gave a change."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """One commit of a change; `authors` are account ids of author, committer and co-authors."""

    sha: str
    tree: str
    authors: tuple[str, ...]
    message: str
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """A head that an authenticated account pushed, and when the host saw it."""

    account: str
    head: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A review of one tree; `grade` is `event` when captured as it happened, else `late`."""

    account: str
    state: ReviewState
    tree: str
    at: datetime
    grade: str = "event"


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """The merge of a change into main."""

    account: str
    commit: str
    tree: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change (pull request) with everything that happened to it, oldest first."""

    number: int
    feature: str
    title: str
    author: str
    base: str
    head: str
    tree: str
    opened_at: datetime
    commits: tuple[Commit, ...]
    pushes: tuple[Push, ...]
    reviews: tuple[Review, ...]
    merge: Merge | None = None

    @property
    def is_merged(self) -> bool:
        """Whether it is on main."""
        return self.merge is not None
