"""Prompts in a folder: objects and sets by digest, pointers with their whole history.

`sets/<hex>.json` is canonical JSON of {name: digest}, so that its file name, its bytes and the
`prompts` part of a unit are one digest; `objects/<hex>` are the prompts. Both are verified at each
read. `pointers/<environment>.jsonl` keeps every move; the last line is where the pointers are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rfc8785

from release_assets.domain.errors import ConflictError, InputError, NotFoundError, UnavailableError
from release_assets.domain.release import digest_of
from release_assets.ports import Environment, PromptPointers, PromptRegistry
from resources.local.durable_files import locked, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping


class DirectoryPromptRegistry(PromptRegistry):
    """Content-addressed prompts and the pointers per environment, in one folder."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def publish(self, prompts: Mapping[str, bytes]) -> str:
        """Store a set of prompts by content; returns the digest of the set."""
        if not prompts:
            raise InputError("the prompt set has no prompts", hint="add prompts to feature.yaml")
        for content in prompts.values():
            self._store(self._object(digest_of(content)), content)
        digests = {name: digest_of(content) for name, content in prompts.items()}
        content = rfc8785.dumps(digests)
        self._store(self._set(digest_of(content)), content)
        return digest_of(content)

    def read(self, prompt_set: str) -> Mapping[str, bytes]:
        """Read the prompts of a set, verified against their digests; raises `NotFoundError`."""
        digests: dict[str, str] = json.loads(self._verified(self._set(prompt_set), prompt_set))
        return {name: self._verified(self._object(d), d) for name, d in digests.items()}

    def pointers(self, environment: Environment) -> PromptPointers:
        """Read the environment's pointers; raises `NotFoundError` before the first move."""
        moves = self.history(environment)
        if not moves:
            raise NotFoundError(f"the prompt pointers of {environment} were never set")
        return PromptPointers(stable=moves[-1]["stable"], candidate=moves[-1]["candidate"])

    def history(self, environment: Environment) -> tuple[Mapping[str, Any], ...]:
        """Read every move, oldest first: `{"move": 1, "stable": ..., "candidate": ...}`."""
        path = self._pointers(environment)
        try:
            return tuple(json.loads(line) for line in path.read_text().splitlines())
        except FileNotFoundError:
            return ()
        except ValueError as exc:
            raise UnavailableError(f"{path} is damaged; restore it from a copy") from exc

    def move(
        self, environment: Environment, expected: PromptPointers | None, to: PromptPointers
    ) -> None:
        """Compare and set; raises `ConflictError`. Moving to where they are does nothing.

        Raises `NotFoundError` when a set is not in the registry: nothing could serve it.
        """
        for digest in filter(None, (to.stable, to.candidate)):
            self._verified(self._set(digest), digest)
        path = self._pointers(environment)
        with locked(path.with_suffix(".lock")):
            moves = self.history(environment)
            now = _last(moves)
            if now == to:
                return
            if now != expected:
                raise ConflictError(
                    f"the prompt pointers of {environment} are at {now}; read them again"
                )
            move = {"move": len(moves) + 1, "stable": to.stable, "candidate": to.candidate}
            lines = "".join(f"{json.dumps(m, sort_keys=True)}\n" for m in (*moves, move))
            write_atomically(path, lines.encode())

    def _store(self, path: Path, content: bytes) -> None:
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)

    def _verified(self, path: Path, digest: str) -> bytes:
        try:
            content = path.read_bytes()
        except FileNotFoundError as exc:
            raise NotFoundError(f"the prompt registry has no {digest}; publish it first") from exc
        if digest_of(content) != digest:
            raise UnavailableError(
                f"the content of {path} does not match its name; publish it again"
            )
        return content

    def _object(self, digest: str) -> Path:
        return self._folder / "objects" / _hex(digest)

    def _set(self, digest: str) -> Path:
        return self._folder / "sets" / f"{_hex(digest)}.json"

    def _pointers(self, environment: Environment) -> Path:
        return self._folder / "pointers" / f"{Environment(environment)}.jsonl"


def _last(moves: tuple[Mapping[str, Any], ...]) -> PromptPointers | None:
    if not moves:
        return None
    return PromptPointers(stable=moves[-1]["stable"], candidate=moves[-1]["candidate"])


def _hex(digest: str) -> str:
    word = digest.removeprefix("sha256:")
    if len(word) != 64 or not set(word) <= set("0123456789abcdef"):
        raise NotFoundError(f"'{digest}' is not a digest like 'sha256:<64 hex digits>'")
    return word
