"""What the local git host saw: numbered JSON statements under `refs/countersign/`.

One ref a statement (`refs/countersign/<change>/0001`), made only where none exists, so a
statement is never replaced and two writers never share a number. Decides nothing about them.
A statement may carry the SSH signature of `statement_bytes`; whose key it is, `roster.py` knows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import ConflictError, UnavailableError
from resources.local.git.binary import NO_OBJECT, Git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    Signer = Callable[[bytes], str]  # bytes of a statement to the text of its SSH signature

ROOT = "refs/countersign"
_ATTEMPTS = 20


def statement_bytes(statement: Mapping[str, Any]) -> bytes:
    """Return what a signature covers: canonical JSON of the statement without its signature."""
    bare = {key: value for key, value in statement.items() if key != "signature"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def signed(statement: Mapping[str, Any], at: datetime, sign: Signer | None) -> dict[str, Any]:
    """Return a statement with its time, and with the signature of its author."""
    dated = dict(statement) | {"at": at.isoformat()}
    return dated | {"signature": sign(statement_bytes(dated))} if sign else dated


def pushed(account: str, head: str, at: datetime, sign: Signer | None) -> dict[str, Any]:
    """Return the statement that an account pushed a head."""
    return signed({"kind": "push", "account": account, "head": head}, at, sign)


class GitStatements:
    """The statements of one repository; each is read once, since none ever changes."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._read: dict[str, dict[str, Any]] = {}

    def about(self, subject: str) -> list[dict[str, Any]]:
        """Read statements about a change (`101`) or a commit (`commits/<sha>`), oldest first."""
        refs = self._git.refs(f"{ROOT}/{subject}")
        return self.of_blobs(refs[name] for name in sorted(refs))

    def of_blobs(self, blobs: Iterable[str]) -> list[dict[str, Any]]:
        """Read the statements in some blobs."""
        wanted = list(blobs)
        unread = [blob for blob in wanted if blob not in self._read]
        for blob, content in self._git.read_blobs(unread).items():
            self._read[blob] = _parse(blob, content)
        return [self._read[blob] for blob in wanted]

    def append(
        self,
        subject: str,
        statements: Iterable[Mapping[str, Any]],
        moves: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        """Add statements and move refs (ref, to, from), all together or not at all.

        Another statement written at the same time only changes our number; another move of the
        same refs raises `ConflictError`.
        """
        blobs = [self._git.write_blob(json.dumps(s, sort_keys=True).encode()) for s in statements]
        fixed = list(moves)
        for _ in range(_ATTEMPTS):
            last = self._last_number(subject)
            numbered = enumerate(blobs, start=last + 1)
            new = [(f"{ROOT}/{subject}/{number:04d}", blob, NO_OBJECT) for number, blob in numbered]
            try:
                return self._git.move_refs([*fixed, *new])
            except ConflictError:
                if self._last_number(subject) == last:
                    raise
        raise ConflictError(f"too many writers about '{subject}'; try again")

    def _last_number(self, subject: str) -> int:
        numbers = (int(name.rpartition("/")[2]) for name in self._git.refs(f"{ROOT}/{subject}"))
        return max(numbers, default=0)


def _parse(blob: str, content: bytes) -> dict[str, Any]:
    try:
        statement = json.loads(content)
    except ValueError as exc:
        raise UnavailableError(f"the statement in blob {blob[:12]} cannot be read") from exc
    if not isinstance(statement, dict):
        raise UnavailableError(f"the statement in blob {blob[:12]} is not a JSON object")
    return statement
