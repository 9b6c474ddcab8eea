"""A git host in memory, for tests of everything that reads changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from release_assets.domain.errors import (
    ConflictError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from release_assets.domain.people.change import Change, Commit, Merge, Push, Review, ReviewState
from release_assets.ports import GitHost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from release_assets.domain.verdict import Verdict

T = TypeVar("T")


@dataclass(frozen=True)
class _Stored:
    commit: Commit
    files: Mapping[str, bytes]
    parents: tuple[str, ...]


class FakeGitHost(GitHost):
    """Commits, changes and statuses in memory, with the acts of `LocalGitHost`.

    `lose_next_reply`: the next act happens and its reply is lost. `other_writer`: a commit that
    somebody else puts on main just before our next merge. `is_down`: nothing answers.
    """

    def __init__(
        self, files: Mapping[str, bytes], accounts: Mapping[str, str] | None = None
    ) -> None:
        self._accounts = dict(accounts or {})
        self._stored: dict[str, _Stored] = {}
        self._changes: dict[int, Change] = {}
        self.posted: list[tuple[str, str, dict[str, Any]]] = []
        self.lose_next_reply = False
        self.is_down = False
        self.other_writer: str | None = None
        self._main = self._store((), files, ("email:world@example.invalid",), "first", ())

    def changes(self) -> Sequence[Change]:
        self._require_up()
        return tuple(self._changes[number] for number in sorted(self._changes))

    def change(self, number: int) -> Change:
        self._require_up()
        if number not in self._changes:
            raise NotFoundError(f"there is no change {number}")
        return self._changes[number]

    def main(self) -> str:
        self._require_up()
        return self._main

    def read_file(self, commit: str, path: str) -> bytes:
        files = self._find(commit).files
        if path not in files:
            raise NotFoundError(f"commit {commit[:12]} has no file '{path}'")
        return files[path]

    def read_folder(self, commit: str, under: str) -> Mapping[str, bytes]:
        folder = f"{under.strip('/')}/" if under.strip("/.") else ""
        files = sorted(self._find(commit).files.items())
        return {path: content for path, content in files if path.startswith(folder)}

    def export(self, commit: str, into: Path) -> None:
        for path, content in self._find(commit).files.items():
            file = into / path
            if file.exists() and file.read_bytes() != content:
                raise ConflictError(f"{into} holds another '{path}'")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def first_parent(self, commit: str) -> str:
        return self._find(commit).parents[0]

    def commits_between(self, base: str, head: str) -> Sequence[Commit]:
        known = self._ancestors(self._find(base).commit.sha)
        new = self._ancestors(self._find(head).commit.sha)
        return tuple(self._stored[sha].commit for sha in new if sha not in known)

    def post_status(self, commit: str, context: str, verdict: Verdict) -> None:
        status = (self._find(commit).commit.sha, context, verdict.document())
        if self.statuses(commit).get(context) != status[2]:
            self.posted.append(status)
        self._reply(None)

    def statuses(self, commit: str) -> dict[str, dict[str, Any]]:
        sha = self._find(commit).commit.sha
        return {context: found for about, context, found in self.posted if about == sha}

    def commit(
        self,
        parent: str,
        files: Mapping[str, bytes | None],
        *,
        author: str,
        message: str,
        at: datetime,
    ) -> str:
        address = author.rpartition("<")[2].removesuffix(">")
        account = self._accounts.get(address, f"email:{address}")
        merged = {**self._find(parent).files, **files}
        kept = {path: content for path, content in merged.items() if content is not None}
        return self._store((parent,), kept, (account,), message, tuple(sorted(files)))

    def open_change(
        self, number: int, title: str, author: str, head: str, *, at: datetime, feature: str = ""
    ) -> Change:
        if number not in self._changes:
            paths = [path for c in self.commits_between(self._main, head) for path in c.paths]
            touched = next((p.split("/")[1] for p in paths if p.startswith("features/")), "")
            change = Change(
                number=number,
                feature=feature or touched,
                title=title,
                author=author,
                base=self._main,
                head=head,
                tree=self._find(head).commit.tree,
                opened_at=at,
                commits=tuple(self.commits_between(self._main, head)),
                pushes=(Push(account=author, head=head, at=at),),
                reviews=(),
            )
            self._changes[number] = change
        elif (self._changes[number].title, self._changes[number].author) != (title, author):
            raise ConflictError(f"change {number} exists")
        return self._reply(self._changes[number])

    def push(self, number: int, account: str, head: str, *, at: datetime) -> Change:
        change = self.change(number)
        if change.head == head:
            return change
        if change.is_merged:
            raise RefusedError(f"change {number} is merged")
        base = self._main if self._main in self._ancestors(head) else change.base
        self._changes[number] = replace(
            change,
            base=base,
            head=head,
            tree=self._find(head).commit.tree,
            commits=tuple(self.commits_between(base, head)),
            pushes=(*change.pushes, Push(account=account, head=head, at=at)),
        )
        return self._reply(self._changes[number])

    def review(
        self, number: int, account: str, state: ReviewState | str, *, at: datetime
    ) -> Change:
        change = self.change(number)
        review = Review(account=account, state=ReviewState(state), tree=change.tree, at=at)
        own = [r for r in change.reviews if r.account == account]
        if not own or (own[-1].state, own[-1].tree) != (review.state, review.tree):
            self._changes[number] = replace(change, reviews=(*change.reviews, review))
        return self._reply(self._changes[number])

    def merge(self, number: int, account: str, *, at: datetime) -> Merge:
        change = self.change(number)
        if change.merge:
            return change.merge
        if change.base != self._main:
            raise RefusedError(f"change {number} is behind main")
        latest = {r.account: r.state for r in change.reviews if r.tree == change.tree}
        others = {state for who, state in latest.items() if who != change.author}
        status = self.statuses(change.head).get("pre-merge", {"outcome": "missing"})
        if ReviewState.CHANGES_REQUESTED in others or ReviewState.APPROVED not in others:
            raise RefusedError(f"change {number} needs an approval")
        if status["outcome"] != "passed":
            raise RefusedError(f"change {number} cannot be merged: {status['outcome']}")
        return self._reply(self._land(change, account, at))

    def _land(self, change: Change, account: str, at: datetime) -> Merge:
        main = self._main
        if self.other_writer:
            self._main, self.other_writer = self.other_writer, None
            raise ConflictError(f"main moved from {main}")
        stored = self._find(change.head)
        paths = tuple(sorted({path for commit in change.commits for path in commit.paths}))
        parents, message = (main, change.head), f"Merge change {change.number}: {change.title}\n"
        self._main = self._store(parents, stored.files, (account,), message, paths)
        tree = stored.commit.tree
        merge = Merge(account=account, commit=self._main, tree=tree, at=at)
        self._changes[change.number] = replace(change, merge=merge)
        return merge

    def _store(
        self,
        parents: tuple[str, ...],
        files: Mapping[str, bytes],
        authors: tuple[str, ...],
        message: str,
        paths: tuple[str, ...],
    ) -> str:
        tree = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()  # noqa: S324 as git
        facts = repr((parents, tree, authors, message)).encode()
        sha = hashlib.sha1(facts).hexdigest()  # noqa: S324 as git
        commit = Commit(sha=sha, tree=tree, authors=authors, message=message, paths=paths)
        self._stored[sha] = _Stored(commit, files, parents)
        return sha

    def _find(self, commit: str) -> _Stored:
        self._require_up()
        sha = self._main if commit == "refs/heads/main" else commit
        if sha not in self._stored:
            raise NotFoundError(f"the repository has no commit '{commit}'")
        return self._stored[sha]

    def _ancestors(self, sha: str) -> list[str]:
        before = [one for parent in self._stored[sha].parents for one in self._ancestors(parent)]
        return list(dict.fromkeys([*before, sha]))

    def _require_up(self) -> None:
        if self.is_down:
            raise UnavailableError("the git host is down")

    def _reply(self, answer: T) -> T:
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise UnavailableError("the reply was lost")
        return answer
