"""Reads a YAML text in one pass: its plain value, and the line of each path in it.

Decides what such a text may hold: one mapping, no duplicate keys, no aliases or tags, finite
numbers, text keys, at most 30 levels deep. What the keys mean is decided elsewhere.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import yaml

from release_assets.domain.errors import InputError

Path: TypeAlias = tuple[str | int, ...]
DEEPEST = 30
_PLAIN = {
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp")
}


def parse_yaml(text: str, *, file: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Return the plain value of a YAML mapping, and the line of each path in it."""
    try:
        loader = _StrictLoader(text, file)
        node = loader.get_single_node()
        lines: dict[Path, int] = {(): _line(node)} if node else {}
        value = loader.value_of(node, (), lines) if node else None
    except yaml.YAMLError as exc:
        raise _unreadable(exc, text, file) from exc
    if value is None:
        raise InputError("the file is empty", file=file, line=1)
    if not isinstance(value, dict):
        raise InputError("must be a mapping of keys to values", file=file, line=lines[()])
    return value, lines


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
        return InputError(
            "this line is indented with a tab", file=file, line=mark.line + 1, hint=hint
        )
    return InputError(f"this is not YAML: {problem}", file=file, line=mark.line + 1)


def _indentation(text: str, line: int) -> str:
    row = (text.split("\n")[line : line + 1] or [""])[0]
    return row[: len(row) - len(row.lstrip())]
