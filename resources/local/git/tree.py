"""Files at a commit, byte for byte as they were committed, and commits made from files.

Reads blobs itself instead of `git archive` or a checkout: both obey `.gitattributes`, with which
a change could hide files from the scanners or alter them between digest and deploy. Links are
written as small text files and submodules left out, so nothing points outside the folder.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release_assets.domain.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    UnavailableError,
)
from resources.local.git.binary import COMMIT_ID, NO_OBJECT, Git, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_IDENTITY = re.compile(r"[^<>\n]+ <[^<>\s]+>")


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeFile:
    """One file of a tree: its git mode, object id and path."""

    mode: str
    blob: str
    path: str


class GitTree:
    """Trees of one repository; a listing is kept, since a commit never changes."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._listings: dict[str, dict[str, TreeFile]] = {}
        self._contents: dict[str, bytes] = {}

    def files(self, commit: str) -> Mapping[str, TreeFile]:
        """Return all files of a commit by path; raises `NotFoundError`."""
        if commit in self._listings:
            return self._listings[commit]
        listing = self._listed(commit)
        if COMMIT_ID.fullmatch(commit):  # another name may move; a commit id never does
            self._listings[commit] = listing
        return listing

    def _listed(self, commit: str) -> dict[str, TreeFile]:
        done = self._git.attempt("ls-tree", "-r", "-z", "--full-tree", f"{commit}^{{commit}}")
        if done.returncode != 0:
            self._git.commit_at(commit)
            raise UnavailableError(f"git ls-tree failed: {first_line(done.stderr)}")
        entries = (_parse_entry(line) for line in done.stdout.decode().split("\0") if line)
        return {entry.path: entry for entry in entries if entry.mode != "160000"}

    def read(self, commit: str, path: str) -> bytes:
        """Read a file at a commit; raises `NotFoundError`."""
        entry = self.files(commit).get(path)
        if entry is None:
            raise NotFoundError(f"commit {commit[:12]} has no file '{path}'")
        return self._contents_of({path: entry})[path]

    def read_folder(self, commit: str, under: str) -> dict[str, bytes]:
        """The files below a folder at a commit by path, sorted; raises `NotFoundError`."""
        folder = f"{under.strip('/')}/" if under.strip("/.") else ""
        inside = {p: e for p, e in sorted(self.files(commit).items()) if p.startswith(folder)}
        return self._contents_of(inside)

    def _contents_of(self, entries: Mapping[str, TreeFile]) -> dict[str, bytes]:
        """The contents by path; what was not read yet, in one process."""
        unread = (e.blob for e in entries.values() if e.blob not in self._contents)
        self._contents |= self._git.read_blobs(unread)
        return {path: self._contents[entry.blob] for path, entry in entries.items()}

    def export(self, commit: str, into: Path) -> None:
        """Write the tree of a commit into a folder; does nothing when it is already there.

        Raises `ConflictError` when the folder holds other files at those paths.
        """
        files = self.files(commit)
        contents = self._git.read_blobs(entry.blob for entry in files.values())
        if into.is_dir() and any(into.iterdir()):
            _require_same(into, {path: contents[entry.blob] for path, entry in files.items()})
            return
        into.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}."))
        for entry in files.values():
            _write_file(building, entry, contents[entry.blob])
        building.chmod(0o755)
        _take_place(building, into)

    def commit(
        self,
        parent: str | None,
        files: Mapping[str, bytes | None],
        *,
        author: str,
        message: str,
        at: datetime,
    ) -> str:
        """Make a commit on a parent with some files written (None deletes); moves no ref.

        `author` is `Name <address>`; trailers (`Co-authored-by`) are in the message.
        """
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if parent:
                self._git.run("read-tree", parent, environment=index)
            lines = "".join(self._index_line(path, content) for path, content in files.items())
            self._git.run(
                "update-index", "-z", "--index-info", stdin=lines.encode(), environment=index
            )
            tree = self._git.run("write-tree", environment=index).decode().strip()
        return self.commit_tree(
            tree, [parent] if parent else [], author=author, message=message, at=at
        )

    def commit_tree(
        self, tree: str, parents: list[str], *, author: str, message: str, at: datetime
    ) -> str:
        """Make a commit of a tree; the same arguments make the same commit."""
        arguments = [word for parent in parents for word in ("-p", parent)]
        done = self._git.run(
            "commit-tree",
            tree,
            *arguments,
            stdin=message.encode(),
            environment=_identity(author, at),
        )
        return done.decode().strip()

    def _index_line(self, path: str, content: bytes | None) -> str:
        _require_safe(path)
        if content is None:
            return f"0 {NO_OBJECT}\t{path}\0"
        return f"100644 {self._git.write_blob(content)}\t{path}\0"


def _identity(author: str, at: datetime) -> dict[str, str]:
    if not _IDENTITY.fullmatch(author):
        raise InputError(
            f"'{author}' is not an author", hint="write it like 'Ada <ada@example.com>'"
        )
    name, _, address = author.removesuffix(">").rpartition(" <")
    seconds = f"{int(at.timestamp())} +0000"
    return {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", name), ("EMAIL", address), ("DATE", seconds))
    }


def _parse_entry(line: str) -> TreeFile:
    facts, _, path = line.partition("\t")
    mode, _, blob = facts.split()
    return TreeFile(mode=mode, blob=blob, path=path)


def _require_safe(path: str) -> None:
    parts = path.split("/")
    if path.startswith("/") or any(part.lower() in {"", ".", "..", ".git"} for part in parts):
        raise InputError(f"'{path}' is not a path inside a repository")


def _write_file(folder: Path, entry: TreeFile, content: bytes) -> None:
    _require_safe(entry.path)
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if entry.mode == "100755":
        path.chmod(0o755)


def _require_same(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, content in contents.items():
        file = folder / path
        if not file.is_file() or file.read_bytes() != content:
            raise ConflictError(f"{folder} has another '{path}'; remove the folder and try again")


def _take_place(building: Path, into: Path) -> None:
    # Another process may have finished first: its files are the same, ours go.
    try:
        building.replace(into)
    except OSError as exc:
        shutil.rmtree(building, ignore_errors=True)
        if not into.is_dir():
            raise ConflictError(f"{into} is in the way; remove it and try again") from exc
