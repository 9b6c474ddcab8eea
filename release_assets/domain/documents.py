"""Reads what people write, YAML and JSON lines, strictly: every refusal names file and line.

Decides what counts as readable: a YAML mapping (`document_yaml.py`) or one JSON object a line, with
the keys of the model that is passed in. Law 8: nothing is guessed or skipped, and an unknown word
is an error: `document_errors.py` picks the fault, `UnknownWordError` names the nearest known word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError

from release_assets.domain.document_errors import explain
from release_assets.domain.document_yaml import parse_yaml
from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_assets.domain.document_yaml import Path

ModelT = TypeVar("ModelT", bound=BaseModel)


class FileRecord(BaseModel):
    """The base of every record in a user's file: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """The line of each path of a document; lines count from 1."""

    file: str
    of: Mapping[Path, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """Return the line of a path, or of the nearest thing around it."""
        while path and path not in self.of:
            path = path[:-1]
        return self.of.get(path, 1)

    def error(self, message: str, *path: str | int, hint: str = "") -> InputError:
        """Return an `InputError` at a path, to be raised."""
        return InputError(message, file=self.file, line=self.line(*path), hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Located(Generic[ModelT]):
    """A record together with the lines it was written on."""

    record: ModelT
    lines: Lines


def zoned_time(at: Any) -> datetime:
    """Return a time from ISO text; pydantic would also take digits, as seconds since 1970."""
    try:
        found = datetime.fromisoformat(at) if type(at) is str else at
        if found.tzinfo is not None and 1970 <= found.year < 2200:
            return cast("datetime", found)
    except (AttributeError, ValueError):
        pass
    message = "must be a time with its zone like 2026-01-31T09:00:00Z"
    raise ValueError(f"{message}, not {str(at)[:40]!r}")


ZonedTime = Annotated[datetime, PlainValidator(zoned_time)]


def decode(content: bytes, *, file: str) -> str:
    """Return the text of a file; raises `InputError` when it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise InputError("is not UTF-8 text", file=file, line=line) from exc


def read_document(text: str, model: type[ModelT], *, file: str) -> ModelT:
    """Read a YAML mapping into a record; raises `InputError` or `UnknownWordError`."""
    return read_located(text, model, file=file).record


def read_located(text: str, model: type[ModelT], *, file: str) -> Located[ModelT]:
    """Read as `read_document` does, with the lines, for rules that compare several places."""
    value, of = parse_yaml(text, file=file)
    lines = Lines(file=file, of=of)
    text = json.dumps(value, default=str)
    return Located(record=_validate(text, model, lines), lines=lines)


def read_json_lines(
    text: str, model: type[ModelT], *, file: str, unique: str | None = "id"
) -> tuple[ModelT, ...]:
    """Read one JSON object a line into records; blank lines are skipped.

    `unique` names the key that may not repeat. Raises `InputError` with file and line, also for a
    file without any line: nothing to judge is never a pass.
    """
    records: list[ModelT] = []
    first_seen: dict[Any, int] = {}
    for number, row in _json_objects(text, file):
        records.append(_validate(row, model, Lines(file=file, of={(): number})))
        identity = getattr(records[-1], unique, None) if unique else None
        if identity is not None and first_seen.setdefault(identity, number) != number:
            message = f"duplicate {unique} '{identity}', first on line {first_seen[identity]}"
            raise InputError(message, file=file, line=number)
    if not records:
        raise InputError("the file is empty", file=file, hint="write one JSON object on each line")
    return tuple(records)


def _validate(json_text: str, model: type[ModelT], lines: Lines) -> ModelT:
    # Only pydantic's JSON mode is strict and still reads a list into a tuple, text into an enum
    # and ISO text into a date: a strict Python mode refuses all three, a lax one reads "5" as 5.
    try:
        return model.model_validate_json(json_text)
    except ValidationError as exc:
        raise explain(exc, model, lines.file, lines.line) from exc


def _json_objects(text: str, file: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): U+2028 is a character of a question, not the end of a line.
    for number, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            require_json_object(row, file, number)
            yield number, row


def require_json_object(row: str, file: str, number: int) -> dict[str, Any]:
    """Return the object of a line of JSON; raises `InputError`.

    Refuses what pydantic would let pass: duplicate keys, and numbers that are not finite.
    """
    try:
        value = json.loads(row, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        raise InputError(f"is not JSON: {exc.msg}", file=file, line=number) from exc
    except (ValueError, RecursionError) as exc:
        message = str(exc) if isinstance(exc, ValueError) else "is nested too deep"
        raise InputError(message, file=file, line=number) from exc
    if not isinstance(value, dict):
        raise InputError("a line must be one JSON object", file=file, line=number)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        if key in record:
            raise ValueError(f"duplicate key '{key}'")
        record[key] = value
    return record


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"'{word}' is not a finite number")
