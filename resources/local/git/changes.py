"""Changes of the local git host, put together from commits and statements.

Facts only. Authors are everyone a commit names: author, committer, co-authors; an address that no
account claims stays visible as `email:<address>`, so that it fails closed further on (law 6).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import NotFoundError, UnavailableError
from release_assets.domain.people.change import Change, Commit, Merge, Push, Review, ReviewState
from resources.local.git.statements import ROOT, GitStatements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resources.local.git.binary import Git

MAIN = "refs/heads/main"
ACCOUNTS = f"{ROOT}/accounts"
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_ADDRESS = re.compile(r"<([^<>]*)>")
_CO_AUTHOR = re.compile(r"^\s*co-authored-by:.*$", re.IGNORECASE | re.MULTILINE)


def head_ref(number: int) -> str:
    """The ref that a change's head stands at."""
    return f"refs/changes/{number}/head"


@dataclass(frozen=True, kw_only=True, slots=True)
class _RawCommit:
    tree: str
    parents: tuple[str, ...]
    addresses: tuple[str, ...]
    message: str
    paths: tuple[str, ...]


class GitChanges:
    """Reads changes; keeps what cannot change, since sensors ask every few seconds."""

    def __init__(self, git: Git, accounts: Mapping[str, str] | None) -> None:
        self._git = git
        self._accounts = accounts
        self.statements = GitStatements(git)
        self._commits: dict[str, _RawCommit] = {}
        self._assembled: dict[int, tuple[object, Change]] = {}

    def all(self) -> tuple[Change, ...]:
        """Every change, by number."""
        refs = self._git.refs(MAIN, "refs/changes", ROOT)
        numbers = sorted(int(name.split("/")[2]) for name in refs if name.startswith("refs/ch"))
        return tuple(self._change(number, refs) for number in numbers)

    def one(self, number: int) -> Change:
        """One change; raises `NotFoundError`."""
        refs = self._git.refs(MAIN, head_ref(number), f"{ROOT}/{number}", ACCOUNTS)
        if head_ref(number) not in refs:
            self._git.require_repository()
            raise NotFoundError(f"there is no change {number}")
        return self._change(number, refs)

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        """The commits of `base..head`, oldest first."""
        accounts = self._account_map(self._git.refs(ACCOUNTS))
        return self._commits_between(base, head, accounts)

    def _change(self, number: int, refs: Mapping[str, str]) -> Change:
        mine = f"{ROOT}/{number}/"
        blobs = tuple(refs[name] for name in sorted(refs) if name.startswith(mine))
        seen = (refs[head_ref(number)], refs.get(MAIN), refs.get(ACCOUNTS), blobs)
        known = self._assembled.get(number)
        if known is None or known[0] != seen:
            known = (seen, self._assemble(number, refs, self.statements.of_blobs(blobs)))
            self._assembled[number] = known
        return known[1]

    def _assemble(
        self, number: int, refs: Mapping[str, str], said: Sequence[Mapping[str, Any]]
    ) -> Change:
        head = refs[head_ref(number)]
        opened = next((s for s in said if s["kind"] == "opened"), None)
        if opened is None:
            raise UnavailableError(f"change {number} has a head but nobody opened it")
        merge = next((_merge(s) for s in said if s["kind"] == "merge"), None)
        onto = f"{merge.commit}^1" if merge else refs[MAIN]
        return Change(
            number=number,
            feature=opened["feature"],
            title=opened["title"],
            author=opened["account"],
            base=self._git.run("merge-base", onto, head).decode().strip(),
            head=head,
            tree=self._git.tree_of(head),
            opened_at=datetime.fromisoformat(opened["at"]),
            commits=self._commits_between(onto, head, self._account_map(refs)),
            pushes=tuple(_push(s) for s in said if s["kind"] == "push"),
            reviews=tuple(_review(s) for s in said if s["kind"] == "review"),
            merge=merge,
        )

    def _commits_between(
        self, base: str, head: str, accounts: Mapping[str, str]
    ) -> tuple[Commit, ...]:
        listed = self._git.run("rev-list", "--reverse", "--topo-order", f"{base}..{head}", "--")
        names = listed.decode().split()
        self._read_commits([name for name in names if name not in self._commits])
        return tuple(_commit(name, self._commits[name], accounts) for name in names)

    def _read_commits(self, names: Sequence[str]) -> None:
        # Raw objects, not `git log --format`: a message cannot pretend to be another field.
        for name, content in self._git.read_blobs(names).items():
            self._commits[name] = self._parse_commit(name, content.decode(errors="replace"))

    def _parse_commit(self, name: str, text: str) -> _RawCommit:
        header, _, message = text.partition("\n\n")
        fields = [line.partition(" ")[::2] for line in header.split("\n")]
        parents = tuple(value for key, value in fields if key == "parent")
        people = [value for key, value in fields if key in {"author", "committer"}]
        addresses = _ADDRESS.findall("\n".join([*people, *_CO_AUTHOR.findall(message)]))
        return _RawCommit(
            tree=next(value for key, value in fields if key == "tree"),
            parents=parents,
            addresses=tuple(addresses),
            message=message,
            paths=self._paths(parents[0] if parents else _EMPTY_TREE, name),
        )

    def _paths(self, parent: str, commit: str) -> tuple[str, ...]:
        output = self._git.run(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", parent, commit
        )
        return tuple(path for path in output.decode(errors="replace").split("\0") if path)

    def _account_map(self, refs: Mapping[str, str]) -> Mapping[str, str]:
        if self._accounts is not None:
            return self._accounts
        blob = refs.get(ACCOUNTS)
        return json.loads(self._git.read_blobs([blob])[blob]) if blob else {}


def _commit(name: str, raw: _RawCommit, accounts: Mapping[str, str]) -> Commit:
    who = (address.strip().lower() for address in raw.addresses)
    authors = dict.fromkeys(accounts.get(address, f"email:{address}") for address in who)
    return Commit(
        sha=name, tree=raw.tree, authors=tuple(authors), message=raw.message, paths=raw.paths
    )


def _push(said: Mapping[str, Any]) -> Push:
    return Push(account=said["account"], head=said["head"], at=datetime.fromisoformat(said["at"]))


def _review(said: Mapping[str, Any]) -> Review:
    return Review(
        account=said["account"],
        state=ReviewState(said["state"]),
        tree=said["tree"],
        at=datetime.fromisoformat(said["at"]),
    )


def _merge(said: Mapping[str, Any]) -> Merge:
    return Merge(
        account=said["account"],
        commit=said["commit"],
        tree=said["tree"],
        at=datetime.fromisoformat(said["at"]),
    )
