"""Reads JSON lines strictly and in bounded memory: one object a line, no field twice, no NaN.

A line is never read beyond its limit, so a file without line ends cannot fill the memory. Nothing
is guessed or skipped but blank lines: what cannot be read is an `InputError` with file and line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 1_048_576
_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it


def json_objects(path: str, of: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of every line that is not blank; `of` says what the file should hold."""
    for line, text in text_lines(path, of):
        yield line, json_object(text, path, line)


def text_lines(path: str, of: str) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of every line that is not blank, without the space around them."""
    try:
        with Path(path).open("rb") as file:
            line = 0
            while text := file.readline(LONGEST_LINE + 1):
                line += 1
                if len(text) > LONGEST_LINE:
                    told = f"a line of more than {LONGEST_LINE} bytes"
                    raise InputError(told, file=path, line=line, hint="one row is one line")
                if text := (text.removeprefix(_MARK) if line == 1 else text).strip():
                    yield line, text
    except OSError as reason:
        raise unreadable(reason, path, of) from reason


def unreadable(reason: OSError, path: str, of: str) -> InputError:
    """The `InputError` for a file that the system does not give out."""
    told = f"cannot be read: {reason.strerror}"
    return InputError(told, file=path, hint=f"name a file of {of}")


def json_object(text: bytes, path: str, line: int) -> dict[str, Any]:
    """The object on one line."""
    try:
        found = _decoded(text.decode())
    except (ValueError, RecursionError) as reason:
        hint = "write one JSON object a line"
        raise InputError(_fault(reason), file=path, line=line, hint=hint) from reason
    if not isinstance(found, dict):
        raise InputError("not a JSON object", file=path, line=line, hint="write {...}")
    return found


def shortened(value: Any) -> str:
    """A value as JSON would show it, cut to a readable length; control characters are escaped."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _decoded(text: str) -> Any:
    found, end = _DECODER.raw_decode(text)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return found


def _fault(reason: Exception) -> str:
    """What Python says, without the words that only a programmer needs."""
    match reason:
        case json.JSONDecodeError():
            return f"not JSON: {reason.msg} at column {reason.colno}"
        case UnicodeDecodeError():
            return "not UTF-8 text"
        case RecursionError():
            return "not a JSON object: nested too deeply"
    return f"not JSON: {reason}"


def _no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _no_constant(word: str) -> Never:
    raise ValueError(f"{word} is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_field_twice, parse_constant=_no_constant)
