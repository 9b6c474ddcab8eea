"""Which JSON Schema keywords a structural comparison supports; any other is named and stops it.

Knows the grammar of the subset and its local references, and compares nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_ABOUT = frozenset({"$schema", "$id", "$comment", "title", "description"})
_NOTES = _ABOUT | {"examples", "default", "deprecated", "readOnly", "writeOnly"}
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_MAPS = frozenset({"properties", "$defs", "definitions"})
_SCHEMAS = frozenset({"items", "additionalProperties"})
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_type(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and {str(name) for name in names} <= _TYPES


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_NOTES | {"const"}, lambda _: True),
    **dict.fromkeys(_NUMBERS, _is_number),
    **dict.fromkeys(_SIZES, _is_size),
    **dict.fromkeys(("pattern", "format", "$ref"), _is_text),
    **dict.fromkeys(_MAPS, lambda value: isinstance(value, Mapping)),
    **dict.fromkeys(_SCHEMAS, lambda value: isinstance(value, bool | Mapping)),
    **dict.fromkeys(("enum", "required"), lambda value: isinstance(value, list)),
    "type": _is_type,
}
KNOWN_KEYWORDS = frozenset(_FORMS)


class UndecidableError(Exception):
    """The schemas leave the subset that can be compared; the text says where."""


def unsupported_keywords(schema: Any, side: str) -> tuple[str, ...]:
    """Return each place of a schema that the comparison does not support, as a sentence."""
    return tuple(
        f"cannot decide: {what} in the {side} schema" for what in _unsupported(schema, "#")
    )


def _unsupported(schema: Any, at: str) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield f"'{at}' is not a JSON schema"
        return
    for word, value in schema.items():
        if word not in KNOWN_KEYWORDS:
            yield f"keyword '{word}' at {at}"
        elif not _FORMS[word](value):
            yield f"this form of '{word}' at {at}"
        elif word in _MAPS:
            for name, part in value.items():
                yield from _unsupported(part, f"{at}/{word}/{name}")
        elif word in _SCHEMAS:
            yield from _unsupported(value, f"{at}/{word}")
    if "$ref" in schema and schema.keys() - _NOTES - _MAPS - {"$ref"}:
        yield f"'$ref' beside other keywords at {at}"


def local_target(schema: Any, root: Any) -> Any:
    """Return the schema itself, or what its chain of local references leads to."""
    met: set[str] = set()
    while isinstance(schema, Mapping) and "$ref" in schema:
        reference = schema["$ref"]
        if reference in met or not reference.startswith("#"):
            raise UndecidableError(f"cannot decide: reference '{reference}' is not in this schema")
        met.add(reference)
        schema = _resolve(reference, root)
    return schema


def _resolve(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise UndecidableError(f"cannot decide: reference '{reference}' is not in this schema")
        found = found[name]
    return found
