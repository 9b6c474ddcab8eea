"""Commits of the local git host: read in batches, and kept, since a commit never changes.

Facts only. Authors are everyone a commit names: author, committer, co-authors; an address that no
account claims stays visible as `email:<address>`, so that it fails closed further on (law 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.errors import UnavailableError
from release_assets.domain.people.change import Commit
from resources.local.git.binary import first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from resources.local.git.binary import Git

_ADDRESS = re.compile(r"<([^<>]*)>")
_CO_AUTHOR = re.compile(r"^\s*co-authored-by:.*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitRange:
    """The commits of `onto..head`, oldest first, and the commit at which they left `onto`."""

    base: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _RawCommit:
    tree: str
    parents: tuple[str, ...]
    addresses: tuple[str, ...]
    message: str


class GitCommits:
    """Commits and ranges of one repository; each is asked of git once."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._raw: dict[str, _RawCommit] = {}
        self._paths: dict[str, tuple[str, ...]] = {}
        self._ranges: dict[tuple[str, str], CommitRange] = {}

    def between(self, onto: str, head: str) -> CommitRange:
        """Return the range of two names that never move (commit ids, or the parent of one)."""
        if (onto, head) not in self._ranges:
            self._ranges[onto, head] = self._listed(onto, head)
        return self._ranges[onto, head]

    def read(self, names: Iterable[str]) -> None:
        """Read the commits that were not read yet, all together in two processes."""
        new = [name for name in dict.fromkeys(names) if name not in self._paths]
        if not new:
            return
        # Raw objects, not `git log --format`: a message cannot pretend to be another field.
        for name, content in self._git.read_blobs(new).items():
            self._raw[name] = _parse_commit(content.decode(errors="replace"))
        self._paths |= self._changed_paths(new)

    def tree_of(self, name: str) -> str:
        """Return the tree of a commit that was read."""
        return self._raw[name].tree

    def named(self, names: Sequence[str], accounts: Mapping[str, str]) -> tuple[Commit, ...]:
        """Return commits with the accounts of their authors."""
        self.read(names)
        return tuple(self._commit(name, accounts) for name in names)

    def _commit(self, name: str, accounts: Mapping[str, str]) -> Commit:
        raw = self._raw[name]
        who = (address.strip().lower() for address in raw.addresses)
        authors = dict.fromkeys(accounts.get(address, f"email:{address}") for address in who)
        return Commit(
            sha=name,
            tree=raw.tree,
            authors=tuple(authors),
            message=raw.message,
            paths=self._paths[name],
        )

    def _listed(self, onto: str, head: str) -> CommitRange:
        done = self._git.attempt(
            "rev-list", "--reverse", "--topo-order", "--boundary", f"{onto}..{head}", "--"
        )
        if done.returncode != 0:
            for name in (onto, head):
                self._git.commit_at(name)
            raise UnavailableError(f"git rev-list failed: {first_line(done.stderr)}")
        lines = done.stdout.decode().split()
        names = tuple(line for line in lines if not line.startswith("-"))
        boundary = [line[1:] for line in lines if line.startswith("-")]
        return CommitRange(base=self._base(onto, head, names, boundary), names=names)

    def _base(self, onto: str, head: str, names: Sequence[str], boundary: Sequence[str]) -> str:
        # Every way from `head` to what `onto` holds leads through the boundary: one commit there
        # is the merge base, and git need not be asked again. After a merge of main into the change
        # there are several.
        if not names:
            return head
        if len(boundary) == 1:
            return boundary[0]
        return self._git.run("merge-base", onto, head).decode().strip()

    def _changed_paths(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the paths in which each commit differs from its first parent."""
        lines = (" ".join((name, *self._raw[name].parents[:1])) for name in names)
        output = self._git.run(
            "diff-tree", "--stdin", "--always", "--root", "--raw", "-r", "-z", "--no-renames",
            stdin="".join(f"{line}\n" for line in lines).encode(),
        )  # fmt: skip
        found: dict[str, list[str]] = {name: [] for name in names}
        for name, path in _paths_by_commit(output.decode(errors="replace")):
            found[name].append(path)
        return {name: tuple(paths) for name, paths in found.items()}


def _paths_by_commit(output: str) -> Iterator[tuple[str, str]]:
    """Read `git diff-tree --stdin --raw -z`: a commit, then for each path its modes and itself.

    The modes begin with a colon and announce a path, so that no path can pretend to be a commit.
    """
    commit, tokens = "", iter(output.split("\0"))
    for token in tokens:
        if token.startswith(":"):
            yield commit, next(tokens)
        else:
            commit = token


def _parse_commit(text: str) -> _RawCommit:
    header, _, message = text.partition("\n\n")
    fields = [line.partition(" ")[::2] for line in header.split("\n")]
    people = [value for key, value in fields if key in {"author", "committer"}]
    addresses = _ADDRESS.findall("\n".join([*people, *_CO_AUTHOR.findall(message)]))
    return _RawCommit(
        tree=next(value for key, value in fields if key == "tree"),
        parents=tuple(value for key, value in fields if key == "parent"),
        addresses=tuple(addresses),
        message=message,
    )
