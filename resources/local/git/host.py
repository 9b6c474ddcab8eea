"""A git host on one machine: a bare repository, with changes, reviews and merges as statements.

Satisfies `GitHost` for the pipeline and gives the actors of the local world what a git host's page
gives: open, push, review, merge. Like one it refuses a merge without an approval of the
present tree or without a passed `pre-merge` status; who may approve whom, `domain/people` decides.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import ConflictError, InputError, RefusedError
from release_assets.domain.people.change import Change, Commit, Merge, ReviewState
from release_assets.ports import GitHost
from resources.local.git.binary import COMMIT_ID, NO_OBJECT, Git
from resources.local.git.changes import ACCOUNTS, MAIN, GitChanges, head_ref
from resources.local.git.merge_rules import PRE_MERGE, require_mergeable
from resources.local.git.statements import pushed, signed
from resources.local.git.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.verdict import Verdict
    from resources.local.git.statements import Signer


class LocalGitHost(GitHost):
    """Changes, reviews and merges in a bare repository.

    Args:
        repository: Path of the bare repository.
        accounts: E-mail address to account; None reads the map that the repository holds.
    """

    def __init__(self, repository: str, accounts: Mapping[str, str] | None = None) -> None:
        self._git = Git(repository)
        self._tree = GitTree(self._git)
        self._changes = GitChanges(self._git, accounts)

    def changes(self) -> Sequence[Change]:
        """Return all changes, open and merged, by number."""
        return self._changes.all()

    def change(self, number: int) -> Change:
        """Return one change; raises `NotFoundError`."""
        return self._changes.one(number)

    def main(self) -> str:
        """Return the commit that main points at."""
        return self._git.commit_at(MAIN)

    def read_file(self, commit: str, path: str) -> bytes:
        """Return a file at a commit; raises `NotFoundError`."""
        return self._tree.read(commit, path)

    def read_folder(self, commit: str, under: str) -> Mapping[str, bytes]:
        """Return the files below a folder at a commit, by path in the repository, read together."""
        return self._tree.read_folder(commit, under)

    def export(self, commit: str, into: Path) -> None:
        """Write the tree of a commit into a folder; does nothing when it is already there."""
        self._tree.export(commit, Path(into))

    def first_parent(self, commit: str) -> str:
        """Return the commit of main that a merge was made onto."""
        return self._git.commit_at(f"{commit}^1")

    def commits_between(self, base: str, head: str) -> Sequence[Commit]:
        """Return the commits of `base..head`, oldest first."""
        return self._changes.commits_between(self._named(base), self._named(head))

    def _named(self, name: str) -> str:
        return name if COMMIT_ID.fullmatch(name) else self._git.commit_at(name)

    def post_status(self, commit: str, context: str, verdict: Verdict) -> None:
        """Show a verdict on a commit; the same again changes nothing."""
        statement = {"kind": "status", "context": context, "verdict": verdict.document()}
        sha = self._git.commit_at(commit)
        if self.statuses(sha).get(context) != statement["verdict"]:
            self._changes.statements.append(f"commits/{sha}", [statement])

    def statuses(self, commit: str) -> dict[str, dict[str, Any]]:
        """Return the latest verdict document per context on a commit."""
        found = self._changes.statements.about(f"commits/{self._git.commit_at(commit)}")
        return {statement["context"]: statement["verdict"] for statement in found}

    def first_commit(self) -> str:
        """Return the commit with which the repository began."""
        return self._git.run("rev-list", "--max-parents=0", MAIN).decode().split()[0]

    def statements(self, number: int) -> Sequence[Mapping[str, Any]]:
        """Return the statements about a change, oldest first, with signatures where given."""
        return self._changes.statements.about(str(number))

    def set_accounts(self, accounts: Mapping[str, str]) -> None:
        """Store which account an e-mail address belongs to, as a git host verifies it."""
        lowered = {address.lower(): account for address, account in accounts.items()}
        blob = self._git.write_blob(json.dumps(lowered, sort_keys=True).encode())
        self._git.move_refs([(ACCOUNTS, blob, self._git.refs(ACCOUNTS).get(ACCOUNTS, NO_OBJECT))])

    def commit(
        self,
        parent: str,
        files: Mapping[str, bytes | None],
        *,
        author: str,
        message: str,
        at: datetime,
    ) -> str:
        """Make a commit on a parent (None deletes a file); moves no ref: push it, or open it."""
        return self._tree.commit(parent, files, author=author, message=message, at=at)

    def open_change(
        self,
        number: int,
        title: str,
        author: str,
        head: str,
        *,
        at: datetime,
        feature: str | None = None,
        sign: Signer | None = None,
    ) -> Change:
        """Open a change; its author pushed its head. The same again changes nothing."""
        if head_ref(number) in self._git.refs(head_ref(number)):
            return self._require_same(number, title, author)
        sha = self._git.commit_at(head)
        opened = {"kind": "opened", "number": number, "account": author, "title": title}
        opened |= {"feature": feature or self._touched_feature(sha)}
        statements = [signed(opened, at, sign), pushed(author, sha, at, None)]
        moves = [(head_ref(number), sha, NO_OBJECT)]
        self._changes.statements.append(str(number), statements, moves)
        return self.change(number)

    def push(
        self,
        number: int,
        account: str,
        head: str,
        *,
        at: datetime,
        sign: Signer | None = None,
    ) -> Change:
        """Move the head of an open change; raises `RefusedError` after the merge."""
        change, sha = self.change(number), self._git.commit_at(head)
        if change.head == sha:
            return change
        if change.is_merged:
            raise RefusedError(f"change {number} is merged; open a new one")
        statements = [pushed(account, sha, at, sign)]
        moves = [(head_ref(number), sha, change.head)]
        self._changes.statements.append(str(number), statements, moves)
        return self.change(number)

    def review(
        self,
        number: int,
        account: str,
        state: ReviewState | str,
        *,
        at: datetime,
        sign: Signer | None = None,
    ) -> Change:
        """Review the present head; the same review of the same tree again changes nothing."""
        change, state = self.change(number), ReviewState(state)
        own = [r for r in change.reviews if r.account == account]
        if own and (own[-1].state, own[-1].tree) == (state, change.tree):
            return change
        statement = {"kind": "review", "account": account, "state": state.value}
        statement |= {"head": change.head, "tree": change.tree}
        self._changes.statements.append(str(number), [signed(statement, at, sign)])
        return self.change(number)

    def merge(
        self, number: int, account: str, *, at: datetime, sign: Signer | None = None
    ) -> Merge:
        """Merge into main with a merge commit; merging again returns the same merge.

        Raises `RefusedError` without an approval of the present tree or a passed `pre-merge`
        status, or behind main; `ConflictError` when main moves at the same moment.
        """
        change, main = self.change(number), self.main()
        if change.merge:
            return change.merge
        landed = self._landed(change, main)
        if not landed:
            status = self.statuses(change.head).get(PRE_MERGE, {"outcome": "missing"})
            require_mergeable(change, main, status["outcome"])
        commit = landed or self._merge_commit(change, main, account, at)
        statement = {"kind": "merge", "account": account, "commit": commit, "head": change.head}
        statement |= {"tree": self._git.tree_of(commit)}
        # Main first: killed between the two, the next call finds the commit and states it again.
        moves = [] if landed else [(MAIN, commit, main)]
        self._changes.statements.append(str(number), [signed(statement, at, sign)], moves)
        return Merge(account=account, commit=commit, tree=statement["tree"], at=at)

    def _landed(self, change: Change, main: str) -> str | None:
        # Our own merge whose statement was lost: a first-parent commit that brought in this head.
        output = self._git.run("rev-list", "--first-parent", "--merges", "--parents", main, "-50")
        lines = [line.split() for line in output.decode().splitlines()]
        return next((line[0] for line in lines if change.head in line[2:]), None)

    def _merge_commit(self, change: Change, main: str, account: str, at: datetime) -> str:
        message = f"Merge change {change.number}: {change.title}\n"
        author = f"{account} <{account.replace(':', '.')}@merge.invalid>"
        parents = [main, change.head]
        # Not behind main: the tree of the merge is the tree that was judged.
        return self._tree.commit_tree(change.tree, parents, author=author, message=message, at=at)

    def _require_same(self, number: int, title: str, author: str) -> Change:
        change = self.change(number)
        if (change.title, change.author) != (title, author):
            raise ConflictError(f"change {number} exists: '{change.title}' by {change.author}")
        return change

    def _touched_feature(self, head: str) -> str:
        paths = (path for c in self.commits_between(MAIN, head) for path in c.paths)
        names = {path.split("/")[1] for path in paths if path.startswith("features/")}
        if len(names) != 1:
            hint = "open one change per feature, or give its feature"
            raise InputError(f"the change touches {sorted(names) or 'no feature'}", hint=hint)
        return names.pop()
