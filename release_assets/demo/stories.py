"""The demo's stories, read from files, and the acts of their people: open, review, merge, sign.

Decides how the files of a story become commits on main as it is. People act here as they would on
a git host's page: each act is signed with the person's own key. Refuses to know what becomes of the
change: the pipeline decides that.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from release_assets.demo.world import EXAMPLES, FEATURE, WorldFolder, environment
from release_assets.domain.documents import FileRecord, read_document
from release_assets.domain.errors import ConflictError, InputError
from release_assets.domain.people.change import ReviewState
from resources.ssh_keys import read_private_key, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from release_assets.domain.people.change import Change
    from resources.local.git.host import LocalGitHost

STORIES = EXAMPLES / "stories"


class StoryCommit(FileRecord):
    """One commit: who wrote it, why, and which files of the overlay it brings."""

    author: str
    message: str
    files: list[str] = Field(min_length=1)


class SignOffAttempt(FileRecord):
    """Who tries to sign, in which role."""

    person: str
    role: str


class Story(FileRecord):
    """One change and the people around it; `expect` is how its release should end.

    The ends are those of `domain/history/ending`.
    """

    name: str
    number: int
    title: str
    author: str
    commits: list[StoryCommit] = Field(min_length=1)
    reviewers: list[str]
    merged_by: str
    sign_offs: list[SignOffAttempt]
    expect: str

    @property
    def release(self) -> str:
        """Return the key of its release."""
        return f"{FEATURE}-{self.number}"


def read_stories(folder: Path = STORIES) -> tuple[Story, ...]:
    """Read all stories, by number; raises `InputError` with file and line."""
    files = sorted(folder.glob("*/story.yaml"))
    if not files:
        hint = "the demo needs the folder examples/ of a clone of the repository"
        raise InputError("no */story.yaml in this folder", file=str(folder), hint=hint)
    read = [read_document(f.read_text("utf-8"), Story, file=str(f)) for f in files]
    return tuple(sorted(read, key=lambda story: story.number))


@dataclass(frozen=True)
class StoryPeople:
    """The people of the stories, acting on the git host of a local world."""

    folder: WorldFolder
    host: LocalGitHost
    now: Callable[[], datetime]

    def open(self, story: Story) -> Change:
        """Write the commits on top of main as it is, and open the change."""
        base = self.host.first_commit()
        head = self.host.main()
        for commit in story.commits:
            files = {path: self._rebased(story, path, base, head) for path in commit.files}
            author = f"{commit.author} <{commit.author}@example.com>"
            head = self.host.commit(
                head, files, author=author, message=commit.message, at=self.now()
            )
        return self.host.open_change(
            story.number,
            story.title,
            f"local:{story.author}",
            head,
            at=self.now(),
            feature=FEATURE,
            sign=self._signer(story.author),
        )

    def review(self, story: Story) -> None:
        """Let every reviewer approve the change."""
        for reviewer in story.reviewers:
            self.host.review(
                story.number,
                f"local:{reviewer}",
                ReviewState.APPROVED,
                at=self.now(),
                sign=self._signer(reviewer),
            )

    def merge(self, story: Story) -> None:
        """Merge the change into main; raises `RefusedError` while the gate is shut."""
        who = story.merged_by
        self.host.merge(story.number, f"local:{who}", at=self.now(), sign=self._signer(who))

    def sign_off(self, story: Story, attempt: SignOffAttempt) -> dict[str, Any]:
        """Sign off with `countersign sign-off`, as any person would; returns its document."""
        command = [sys.executable, "-m", "release_assets.cli", "sign-off", story.release]
        command += ["--role", attempt.role, "--key", str(self.folder.key(attempt.person)), "--json"]
        done = subprocess.run(
            command, env=environment(self.folder), capture_output=True, text=True, check=False
        )
        try:
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError as exc:
            errors = done.stderr.strip()[-500:]
            raise InputError(f"`countersign sign-off` printed no document: {errors}") from exc
        return document

    def _signer(self, person: str) -> Callable[[bytes], str]:
        key = read_private_key(self.folder.key(person))
        return lambda statement: sign(statement, key)

    def _rebased(self, story: Story, path: str, base: str, head: str) -> bytes:
        """Return the story's file, rebased from the first commit of main to main as it is."""
        folder = next(STORIES.glob(f"*-{story.name}"))
        overlay = (folder / "files" / path).read_bytes()
        versions = (self.host.read_file(head, path), self.host.read_file(base, path), overlay)
        return versions[2] if versions[0] == versions[1] else _merged(path, versions)


def _merged(path: str, versions: tuple[bytes, bytes, bytes]) -> bytes:
    """Merge ours, base and theirs with `git merge-file`; raises `ConflictError` on a conflict."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for file, content in zip(files, versions, strict=True):
            file.write_bytes(content)
        done = subprocess.run(
            ["git", "merge-file", "-p", *map(str, files)], capture_output=True, check=False
        )
    if done.returncode != 0:
        raise ConflictError(f"{path} conflicts with main; rebase the story's file by hand")
    return done.stdout
