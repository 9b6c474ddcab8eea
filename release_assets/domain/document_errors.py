"""Turns a failed validation into the one sentence its author needs, with file, line and advice.

Decides which of several faults to report first: an unknown word before a missing one, since a
misspelt key is both; then the earliest line. Reads pydantic's error names, and opens no file. The
hint "did you mean" is made by `errors.nearest`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from release_assets.domain.errors import InputError, UnknownWordError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_DATE, _TIME = "a date like 2026-01-31", "a time like 2026-01-31T09:00:00Z"
_WANTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping of keys to values",
    "string_pattern_mismatch": "printable text",
    "string_too_long": "shorter text",
    "string_type": "text",
    "timezone_aware": f"{_TIME} with its zone",
    "tuple_type": "a list",
}
_WORDS = {"literal_error", "enum"}


def explain(
    exc: ValidationError, model: type[BaseModel], file: str, line_of: Callable[..., int]
) -> InputError:
    """Return the `InputError` or `UnknownWordError` for the most telling fault of a record."""
    fault = min(exc.errors(), key=lambda f: (_rank(f), line_of(*f["loc"])))
    loc, line = fault["loc"], line_of(*fault["loc"])
    if fault["type"] == "extra_forbidden":
        return UnknownWordError(str(loc[-1]), _keys_at(model, loc[:-1]), file=file, line=line)
    if fault["type"] in _WORDS and isinstance(fault["input"], str):
        known = re.findall(r"'([^']*)'", str(fault["ctx"]["expected"]))
        return UnknownWordError(fault["input"], known, file=file, line=line)
    return InputError(_sentence(fault), file=file, line=line, hint=_hint(fault))


def _hint(fault: ErrorDetails) -> str:
    """Show how to write a number that YAML reads as text, such as 1e-3 and "0.01"."""
    if fault["type"] not in {"float_type", "int_type"} or not isinstance(fault["input"], str):
        return ""
    try:
        number = float(fault["input"])
    except ValueError:
        return ""
    return f"write {number:g}, without quotes" if math.isfinite(number) else ""


def _rank(fault: ErrorDetails) -> int:
    return {"extra_forbidden": 0, "missing": 2}.get(fault["type"], 1)


def _sentence(fault: ErrorDetails) -> str:
    kind, ctx = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return f"the key '{_spell(fault['loc'])}' is missing"
    if kind == "value_error":
        return f"{_subject(fault)} {ctx['error']}"
    if kind == "json_invalid":
        return "contains a character that is not text"
    wanted, found = _wanted(fault), _found(fault["input"])
    if not wanted:
        return f"{_subject(fault)} is not valid: {fault['msg'].lower()}, found {found}"
    return f"{_subject(fault)} must be {wanted}, not {found}"


def _wanted(fault: ErrorDetails) -> str:
    """Return what would be right, in words; empty where there are none for this fault."""
    kind, ctx = fault["type"], fault.get("ctx", {})
    bounds = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in bounds:
        words, key = bounds[kind]
        return f"{words} {ctx[key]:g}"
    if kind in {"too_short", "string_too_short"}:
        return "filled in"
    if kind in _WORDS:
        return f"one of {ctx['expected']}"
    if kind.startswith(("date_", "datetime_")):
        return _DATE if kind.startswith("date_") else _TIME
    return _WANTED.get(kind, "")


def _subject(fault: ErrorDetails) -> str:
    return f"'{_spell(fault['loc'])}'" if fault["loc"] else "this"


def _spell(loc: tuple[int | str, ...]) -> str:
    """Spell a path like `canary_stages[1].slos`, counted from 1 as people count."""
    text = ""
    for part in loc:
        if part == "[key]":
            continue
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _found(value: Any) -> str:
    """Return what was found, in words; never more than 60 characters of it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value}"[:60]
    if isinstance(value, str):
        return f"the text '{value[:60]}'" if value else "an empty text"
    kind = "list" if isinstance(value, list) else "mapping"
    return f"a {kind}" if value else f"an empty {kind}"


def _keys_at(annotation: Any, loc: tuple[int | str, ...]) -> set[str]:
    """Return the keys that the model has at a place; empty when the place takes any."""
    model = _bare(annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        if not loc:
            return {field.alias or name for name, field in model.model_fields.items()}
        fields = {f.alias or n: f.annotation for n, f in model.model_fields.items()}
        return _keys_at(fields.get(str(loc[0])), loc[1:])
    inside = get_args(model)
    return _keys_at(_item(model, inside), loc[1:]) if inside and loc else set()


def _item(model: Any, inside: tuple[Any, ...]) -> Any:
    is_mapping = isinstance(get_origin(model), type) and issubclass(get_origin(model), Mapping)
    return inside[1] if is_mapping else inside[0]


def _bare(annotation: Any) -> Any:
    """Return the annotation without `Annotated` and without `| None`."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(inside[0])
    if origin in (Union, UnionType):
        return _bare(next(a for a in inside if a is not type(None)))
    return annotation
