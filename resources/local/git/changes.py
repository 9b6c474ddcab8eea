"""Changes of the local git host, put together from refs, statements and commits.

One listing gives all refs; what did not move since the last listing is not read again, and what is
new is read together, whatever the number of changes before it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import NotFoundError, UnavailableError
from release_assets.domain.people.change import Change, Commit, Merge, Push, Review, ReviewState
from resources.local.git.commits import GitCommits
from resources.local.git.statements import ROOT, GitStatements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resources.local.git.binary import Git

MAIN = "refs/heads/main"
ACCOUNTS = f"{ROOT}/accounts"


def head_ref(number: int) -> str:
    """Return the ref at which a change's head is kept."""
    return f"refs/changes/{number}/head"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Refs:
    """Where a change's head and statements point, and the account map beside them."""

    head: str
    statements: tuple[str, ...]
    accounts: str | None

    @property
    def blobs(self) -> tuple[str, ...]:
        return (*self.statements, self.accounts) if self.accounts else self.statements


@dataclass(frozen=True, kw_only=True, slots=True)
class _KnownChange:
    """A change as it was put together, and from what; main counts until it is merged."""

    refs: _Refs
    main: str | None
    change: Change

    def holds(self, refs: _Refs, main: str | None) -> bool:
        return self.refs == refs and (self.change.is_merged or self.main == main)


class GitChanges:
    """Reads changes; keeps what did not move, since sensors ask every few seconds."""

    def __init__(self, git: Git, accounts: Mapping[str, str] | None) -> None:
        self._git = git
        self._accounts = accounts
        self.statements = GitStatements(git)
        self.commits = GitCommits(git)
        self._known: dict[int, _KnownChange] = {}

    def all(self) -> tuple[Change, ...]:
        """Return every change, by number."""
        refs = self._git.refs(MAIN, "refs/changes", ROOT)
        return self._changes(_by_number(refs), refs.get(MAIN))

    def one(self, number: int) -> Change:
        """Return one change; raises `NotFoundError`."""
        refs = self._git.refs(MAIN, head_ref(number), f"{ROOT}/{number}", ACCOUNTS)
        if head_ref(number) not in refs:
            self._git.require_repository()
            raise NotFoundError(f"there is no change {number}")
        return self._changes(_by_number(refs), refs.get(MAIN))[0]

    def commits_between(self, base: str, head: str) -> tuple[Commit, ...]:
        """Return the commits of `base..head` (commit ids), oldest first."""
        accounts = self._account_map(self._git.refs(ACCOUNTS).get(ACCOUNTS))
        return self.commits.named(self.commits.between(base, head).names, accounts)

    def _changes(self, found: Mapping[int, _Refs], main: str | None) -> tuple[Change, ...]:
        new = {
            number: refs
            for number, refs in found.items()
            if number not in self._known or not self._known[number].holds(refs, main)
        }
        if new:
            self._read(new, main)
        return tuple(self._known[number].change for number in sorted(found))

    def _read(self, new: Mapping[int, _Refs], main: str | None) -> None:
        """Read what these changes need, together, then put each of them together."""
        self.statements.of_blobs(blob for refs in new.values() for blob in refs.blobs)
        wanted = []
        for number, refs in new.items():
            found = self.commits.between(self._onto(number, refs, main), refs.head)
            wanted += [refs.head, *found.names]
        self.commits.read(wanted)
        for number, refs in new.items():
            change = self._assemble(number, refs, self._onto(number, refs, main))
            self._known[number] = _KnownChange(refs=refs, main=main, change=change)

    def _onto(self, number: int, refs: _Refs, main: str | None) -> str:
        """Return what the change was made onto: its merge's first parent, or main as it is."""
        merge = self._merge(refs)
        if merge is None and main is None:
            raise UnavailableError(f"change {number} is open, and the repository has no main")
        return f"{merge.commit}^1" if merge else str(main)

    def _merge(self, refs: _Refs) -> Merge | None:
        statements = self.statements.of_blobs(refs.statements)
        return next((_merge(s) for s in statements if s["kind"] == "merge"), None)

    def _assemble(self, number: int, refs: _Refs, onto: str) -> Change:
        statements = self.statements.of_blobs(refs.statements)
        opened = next((s for s in statements if s["kind"] == "opened"), None)
        if opened is None:
            raise UnavailableError(f"change {number} has a head but nobody opened it")
        found = self.commits.between(onto, refs.head)
        return Change(
            number=number,
            feature=opened["feature"],
            title=opened["title"],
            author=opened["account"],
            base=found.base,
            head=refs.head,
            tree=self.commits.tree_of(refs.head),
            opened_at=datetime.fromisoformat(opened["at"]),
            commits=self.commits.named(found.names, self._account_map(refs.accounts)),
            pushes=tuple(_push(s) for s in statements if s["kind"] == "push"),
            reviews=tuple(_review(s) for s in statements if s["kind"] == "review"),
            merge=self._merge(refs),
        )

    def _account_map(self, blob: str | None) -> Mapping[str, str]:
        if self._accounts is not None:
            return self._accounts
        return self.statements.of_blobs([blob])[0] if blob else {}


_NUMBER = re.compile(r"[1-9][0-9]{0,8}")  # one spelling a number: `0101` is another ref than `101`


def _by_number(refs: Mapping[str, str]) -> dict[int, _Refs]:
    """Group the refs of one listing by change; git lists a change's statements in their order."""
    heads: dict[int, str] = {}
    statements: dict[int, list[str]] = defaultdict(list)
    for name, target in refs.items():
        match name.split("/"):
            case ["refs", "changes", number, "head"] if _NUMBER.fullmatch(number):
                heads[int(number)] = target
            case ["refs", "countersign", number, _] if _NUMBER.fullmatch(number):
                statements[int(number)].append(target)
    accounts = refs.get(ACCOUNTS)
    return {
        number: _Refs(head=head, statements=tuple(statements[number]), accounts=accounts)
        for number, head in heads.items()
    }


def _push(statement: Mapping[str, Any]) -> Push:
    at = datetime.fromisoformat(statement["at"])
    return Push(account=statement["account"], head=statement["head"], at=at)


def _review(statement: Mapping[str, Any]) -> Review:
    return Review(
        account=statement["account"],
        state=ReviewState(statement["state"]),
        tree=statement["tree"],
        at=datetime.fromisoformat(statement["at"]),
    )


def _merge(statement: Mapping[str, Any]) -> Merge:
    return Merge(
        account=statement["account"],
        commit=statement["commit"],
        tree=statement["tree"],
        at=datetime.fromisoformat(statement["at"]),
    )
