"""Makes a repository of the local git host from a plain folder; finds one that is there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from release_assets.domain.errors import NotFoundError
from resources.local.git.binary import NO_OBJECT, Git
from resources.local.git.changes import MAIN
from resources.local.git.host import LocalGitHost
from resources.local.git.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def create(
    path: str,
    source_folder: str,
    now: datetime,
    *,
    author: str = "Countersign <world@example.invalid>",
    accounts: Mapping[str, str] | None = None,
    message: str = "The feature as it stands\n",
) -> LocalGitHost:
    """Make a bare repository whose main is a folder's files; finds an existing one as it is."""
    git = Git(path)
    host = LocalGitHost(path)
    Path(path).mkdir(parents=True, exist_ok=True)
    git.run("init", "--bare", "--quiet", "--initial-branch=main", "--template=", path)
    if MAIN not in git.refs(MAIN):
        files = _folder_files(Path(source_folder))
        first = GitTree(git).commit(None, files, author=author, message=message, at=now)
        git.move_refs([(MAIN, first, NO_OBJECT)])
    if accounts is not None:
        host.set_accounts(accounts)
    return host


def _folder_files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}")
    left_out = {"__pycache__", ".git", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    inside = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    kept = (path for path in inside if not left_out.intersection(path.parts))
    return {path.as_posix(): (folder / path).read_bytes() for path in kept}
