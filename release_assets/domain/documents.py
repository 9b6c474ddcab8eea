"""Reads what people write, YAML and JSON lines, strictly: every refusal names file and line.

Decides what counts as readable: one mapping, no duplicate keys, no aliases or tags, finite
numbers, text keys, at most 30 levels deep. The model passed in decides what keys mean. Law 8:
an unknown word is an error with the nearest known one; nothing is guessed or skipped.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from release_assets.domain.document_errors import explain
from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)
DEEPEST = 30
_PLAIN = {
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp")
}


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
    value, lines = parse_yaml(text, file=file)
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
        raise InputError("is empty", file=file, hint="write one JSON object on each line")
    return tuple(records)


def parse_yaml(text: str, *, file: str) -> tuple[dict[str, Any], Lines]:
    """Return the plain value of a YAML mapping, and the line of each path in it."""
    try:
        loader = _StrictLoader(text, file)
        node = loader.get_single_node()
        lines: dict[Path, int] = {(): _line(node)} if node else {}
        value = loader.value_of(node, (), lines) if node else None
    except yaml.YAMLError as exc:
        raise _unreadable(exc, text, file) from exc
    if value is None:
        raise InputError("is empty", file=file, line=1)
    if not isinstance(value, dict):
        raise InputError("must be a mapping of keys to values", file=file, line=lines[()])
    return value, Lines(file=file, of=lines)


class _StrictLoader(yaml.SafeLoader):
    """One pass over a YAML text: refuses aliases, tags and depth, since such a file needs none."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file, self.depth = file, 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose the next node; raises `InputError` where such a file may not have it."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # in the stubs
        self._require_plain(event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _require_plain(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self._error("YAML aliases are not supported; write the value out", event)
        if tag := getattr(event, "tag", None):
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            raise self._error(f"YAML tags like '{tag}' are not supported; leave it out", event)
        if self.depth >= DEEPEST and isinstance(event, yaml.CollectionStartEvent):
            raise self._error(f"nested deeper than {DEEPEST} levels", event)

    def value_of(self, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
        """Return the plain value of a node, and note the line of each path below it."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, lines)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                lines[*path, index] = _line(item)
            return [self.value_of(item, (*path, i), lines) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(
        self, node: yaml.MappingNode, path: Path, lines: dict[Path, int]
    ) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                hint = f"write '{key.value}' in quotes" if isinstance(key.value, str) else ""
                raise self._error("a key must be text", key, hint=hint)
            if key.value in record:
                first = lines[*path, key.value]
                raise self._error(f"duplicate key '{key.value}', first on line {first}", key)
            lines[*path, key.value] = _line(key)
            record[key.value] = self.value_of(value, (*path, key.value), lines)
        return record

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag not in _PLAIN:  # '<<' and '=' have a meaning of their own in YAML
            message = f"'{node.value}' has a special meaning in YAML, which is not supported"
            raise self._error(message, node, hint=f"write '{node.value}' in quotes")
        try:
            value = self.construct_object(node)
            is_possible = not isinstance(value, int | float) or math.isfinite(value)
        except (ValueError, OverflowError):  # 2027-02-30 looks like a day, and is not one
            is_possible = False
        if not is_possible:
            message = f"'{str(node.value)[:40]}' is not a possible number or date"
            raise self._error(message, node)
        return value

    def _error(self, message: str, at: yaml.Node | yaml.Event, *, hint: str = "") -> InputError:
        return InputError(message, file=self.file, line=_line(at), hint=hint)


def _line(at: yaml.Node | yaml.Event) -> int:
    return int(at.start_mark.line) + 1 if at.start_mark else 1


def _unreadable(exc: yaml.YAMLError, text: str, file: str) -> InputError:
    mark = getattr(exc, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow
        line = text[: getattr(exc, "position", 0)].count("\n") + 1
        return InputError("contains a character that is not text", file=file, line=line)
    problem = str(getattr(exc, "problem", "") or "cannot be read")
    if "'\\t'" in problem or "\t" in _indentation(text, mark.line):
        hint = "indent with spaces"
        return InputError("is indented with a tab", file=file, line=mark.line + 1, hint=hint)
    return InputError(f"is not YAML: {problem}", file=file, line=mark.line + 1)


def _indentation(text: str, line: int) -> str:
    row = (text.split("\n")[line : line + 1] or [""])[0]
    return row[: len(row) - len(row.lstrip())]


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
            _require_json_object(row, file, number)
            yield number, row


def _require_json_object(row: str, file: str, number: int) -> None:
    """Refuse what pydantic would let pass: duplicate keys, and numbers that are not finite."""
    try:
        value = json.loads(row, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        raise InputError(f"is not JSON: {exc.msg}", file=file, line=number) from exc
    except (ValueError, RecursionError) as exc:
        message = str(exc) if isinstance(exc, ValueError) else "is nested too deep"
        raise InputError(message, file=file, line=number) from exc
    if not isinstance(value, dict):
        raise InputError("a line must be one JSON object", file=file, line=number)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        if key in record:
            raise ValueError(f"duplicate key '{key}'")
        record[key] = value
    return record


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"'{word}' is not a finite number")
