"""New JSON lines of a file that other processes append to, since the last time we asked.

Reads only new bytes. A half-written last line waits for its rest; a line that can never be read
is skipped and counted in `damaged`, so that one torn write does not blind the metrics.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 24


class AppendedLines:
    """A reader's place in one file, which need not exist yet."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._offset = 0
        self._file_id: int | None = None
        self.damaged = 0

    def is_replaced(self) -> bool:
        """Whether there is another or a shorter file now: begin again with a new reader."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._file_id is not None
        return self._file_id not in {None, status.st_ino} or status.st_size < self._offset

    def rest(self) -> Iterator[dict[str, Any]]:
        """Return the documents appended since the last call, in order; none without a file."""
        for chunk in self._chunks():
            lines = [line for line in chunk.split(b"\n") if line.strip()]
            try:
                # One parse of them all is twice as fast as one each.
                documents = json.loads(b"[%s]" % b",".join(lines))
            except ValueError:
                documents = []
            if len(documents) == len(lines) and all(isinstance(d, dict) for d in documents):
                yield from documents
            else:
                for line in lines:
                    yield from self._documents(line)

    def skip_to_end(self) -> None:
        """Forget everything written so far."""
        for _ in self._chunks():
            pass

    def _documents(self, line: bytes) -> Iterator[dict[str, Any]]:
        try:
            document = json.loads(line)
        except ValueError:
            document = None
        if isinstance(document, dict):
            yield document
        else:
            self.damaged += 1

    def _chunks(self) -> Iterator[bytes]:
        try:
            file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return
        with file:
            self._file_id = os.fstat(file.fileno()).st_ino
            while chunk := os.pread(file.fileno(), _CHUNK, self._offset):
                end = chunk.rfind(b"\n") + 1
                if not end:
                    return  # half a line: its rest is not written yet
                self._offset += end
                yield chunk[:end]
