"""Reads what people write, YAML and JSON lines, strictly: every refusal names file and line.

Decides what counts as readable: one mapping, no duplicate keys, no aliases or tags, finite
numbers, text keys, at most 30 levels deep. What the words mean, the model passed in knows. Law 8:
an unknown word is an error with the nearest known one; nothing is guessed or skipped.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError
from yaml.constructor import SafeConstructor

from release_assets.domain.document_errors import explain
from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)
DEEPEST = 30
_PLAIN = {"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq"}


class FileRecord(BaseModel):
    """The base of every record in a user's file: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Where each path of a document stands; lines count from 1."""

    file: str
    of: Mapping[Path, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """The line of a path, or of the nearest thing around it."""
        while path and path not in self.of:
            path = path[:-1]
        return self.of.get(path, 1)

    def error(self, message: str, *path: str | int, hint: str = "") -> InputError:
        """An `InputError` at a path, to be raised."""
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
    """The text of a file; raises `InputError` when it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise InputError("is not UTF-8 text", file=file, line=line) from exc


def read_document(text: str, model: type[ModelT], *, file: str) -> ModelT:
    """Read a YAML mapping into a record; raises `InputError` or `UnknownWordError`."""
    return read_located(text, model, file=file).record


def read_located(text: str, model: type[ModelT], *, file: str) -> Located[ModelT]:
    """As `read_document`, with the lines, for rules that compare several places."""
    value, lines = parse_yaml(text, file=file)
    return Located(record=_validate(value, model, lines), lines=lines)


def read_json_lines(
    text: str, model: type[ModelT], *, file: str, unique: str | None = "id"
) -> tuple[ModelT, ...]:
    """Read one JSON object a line into records; blank lines are skipped.

    `unique` names the key that may not repeat. Raises `InputError` with file and line, also for a
    file without any line: nothing to judge is never a pass.
    """
    records: list[ModelT] = []
    first_seen: dict[Any, int] = {}
    for number, value in _json_objects(text, file):
        records.append(_validate(value, model, Lines(file=file, of={(): number})))
        identity = getattr(records[-1], unique, None) if unique else None
        if identity is not None and first_seen.setdefault(identity, number) != number:
            message = f"{unique} '{identity}' stands twice, first in line {first_seen[identity]}"
            raise InputError(message, file=file, line=number)
    if not records:
        raise InputError("is empty", file=file, hint="write one JSON object on each line")
    return tuple(records)


def parse_yaml(text: str, *, file: str) -> tuple[dict[str, Any], Lines]:
    """The plain value of a YAML mapping and the line of each path in it."""
    try:
        _refuse_machinery(text, file)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines = Lines(file=file, of=dict(_walk(node, (), file)))
        value = loader.construct_document(node) if node else None
    except yaml.YAMLError as exc:
        raise _unreadable(exc, text, file) from exc
    if value is None:
        raise InputError("is empty", file=file, line=1)
    if not isinstance(value, dict):
        raise InputError("must be a mapping of keys to values", file=file, line=lines.line())
    return value, lines


def _refuse_machinery(text: str, file: str) -> None:
    """Refuse aliases, tags and depth: a file of words and numbers needs none of them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise InputError("aliases are not read", file=file, line=line, hint="write it out")
        if tag := getattr(event, "tag", None):
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            raise InputError(f"the tag '{tag}' is not read", file=file, line=line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(f"nested deeper than {DEEPEST} levels", file=file, line=line)


def _walk(node: yaml.Node | None, path: Path, file: str) -> Iterator[tuple[Path, int]]:
    """Each path below a node with its line; refuses what has no place in these files."""
    if node is None:
        return
    _refuse_odd_node(node, file)
    if not path:
        yield (), _line(node)
    if isinstance(node, yaml.MappingNode):
        yield from _walk_mapping(node, path, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), _line(item)
            yield from _walk(item, (*path, index), file)


def _walk_mapping(node: yaml.MappingNode, path: Path, file: str) -> Iterator[tuple[Path, int]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        if key.tag != "tag:yaml.org,2002:str":
            hint = f"write '{key.value}' in quotes" if isinstance(key.value, str) else ""
            raise InputError("a key must be text", file=file, line=_line(key), hint=hint)
        if key.value in seen:
            message = f"the key '{key.value}' stands twice, first in line {seen[key.value]}"
            raise InputError(message, file=file, line=_line(key))
        seen[key.value] = _line(key)
        yield (*path, key.value), _line(key)
        yield from _walk(value, (*path, key.value), file)


def _refuse_odd_node(node: yaml.Node, file: str) -> None:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    if tag not in _PLAIN:  # '<<' and '=' have a meaning of their own in YAML
        raise InputError(f"'{node.value}' is not read", file=file, line=_line(node))
    if tag in {"!!int", "!!float", "!!timestamp"} and not _is_possible(node):
        message = f"'{str(node.value)[:40]}' is not a possible number or date"
        raise InputError(message, file=file, line=_line(node))


def _is_possible(node: yaml.Node) -> bool:
    """Whether it is a finite number or a day that exists; 2027-02-30 looks like one, and is not."""
    try:
        value = SafeConstructor().construct_object(node)
        return not isinstance(value, int | float) or math.isfinite(value)
    except (ValueError, OverflowError):
        return False


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _unreadable(exc: yaml.YAMLError, text: str, file: str) -> InputError:
    mark = getattr(exc, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow
        line = text[: getattr(exc, "position", 0)].count("\n") + 1
        return InputError("holds a character that is not text", file=file, line=line)
    problem = str(getattr(exc, "problem", "") or "cannot be read")
    if "'\\t'" in problem or "\t" in _indentation(text, mark.line):
        hint = "indent with spaces"
        return InputError(
            "a tab stands where spaces must", file=file, line=mark.line + 1, hint=hint
        )
    return InputError(f"is not YAML: {problem}", file=file, line=mark.line + 1)


def _indentation(text: str, line: int) -> str:
    row = (text.split("\n")[line : line + 1] or [""])[0]
    return row[: len(row) - len(row.lstrip())]


def _validate(value: Mapping[str, Any], model: type[ModelT], lines: Lines) -> ModelT:
    # JSON mode is strict and yet reads a list into a tuple, and ISO text into a date.
    try:
        return model.model_validate_json(json.dumps(value, default=str))
    except ValidationError as exc:
        raise explain(exc, model, lines.file, lines.line) from exc


def _json_objects(text: str, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # Not splitlines(): U+2028 is a character of a question, not the end of a line.
    for number, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            yield number, require_json_object(row, file, number)


def require_json_object(row: str, file: str, number: int) -> dict[str, Any]:
    """Refuse what pydantic would let pass: duplicate keys, and numbers that are not finite."""
    try:
        value = json.loads(row, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        raise InputError(f"is not JSON: {exc.msg}", file=file, line=number) from exc
    except (ValueError, RecursionError) as exc:
        message = str(exc) if isinstance(exc, ValueError) else "is nested too deep"
        raise InputError(message, file=file, line=number) from exc
    if not isinstance(value, dict):
        raise InputError("a line must be one JSON object", file=file, line=number)
    return value


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        if key in record:
            raise ValueError(f"duplicate key '{key}'")
        record[key] = value
    return record


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"'{word}' is not a finite number")
