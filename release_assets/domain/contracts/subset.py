"""Is every event of the new schema one that the old schema allows? A small structural answer.

Decides over a stated subset of JSON Schema (draft-07 keywords plus `$defs`); a keyword outside it
is named and the answer is "cannot decide", never "yes": general checkers skip what they do not
support and answer yes. A "no" names the difference that a consumer can meet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, floor, inf
from typing import Any, TypeAlias

from release_assets.domain.contracts.guard import (
    UndecidableError,
    local_target,
    unsupported_keywords,
)

Schema: TypeAlias = "bool | Mapping[str, Any]"

_ATOMS = {
    "object": {"object"},
    "array": {"array"},
    "string": {"string"},
    "boolean": {"boolean"},
    "null": {"null"},
    "integer": {"integer"},
    "number": {"integer", "fraction"},
}
_PYTHON = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "fraction"),
    (str, "string"),
    (type(None), "null"),
    (list, "array"),
    (object, "object"),
)
_ANY = frozenset().union(*_ATOMS.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Compatibility:
    """`breaks`: what a consumer of the old schema can trip over; `undecided`: why not to trust."""

    breaks: tuple[str, ...]
    undecided: tuple[str, ...]


def compare_schemas(new: Schema, old: Schema) -> Compatibility:
    """Whether consumers of `old` can read all that `new` allows.

    Nothing but the guard's answer is given when a keyword is unknown: it may change all the rest.
    """
    unsupported = (*unsupported_keywords(new, "new"), *unsupported_keywords(old, "old"))
    if unsupported:
        return Compatibility(breaks=(), undecided=unsupported)
    walk = _Walk(new_root=new, old_root=old)
    try:
        walk.compare(new, old, "event")
    except UndecidableError as reason:
        walk.undecided.append(str(reason))
    return Compatibility(breaks=tuple(walk.breaks), undecided=tuple(walk.undecided))


@dataclass(kw_only=True, slots=True)
class _Walk:
    """One descent through both schemas at once; a pair met again is already being compared."""

    new_root: Schema
    old_root: Schema
    breaks: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    seen: dict[tuple[int, int], tuple[Schema, Schema]] = field(default_factory=dict)

    def compare(self, new: Schema, old: Schema, at: str) -> None:
        """Compare in steps: (0) resolve, (1) trivial, (2) types, (3) values, (4) by type."""
        new, old = local_target(new, self.new_root), local_target(old, self.old_root)
        if (id(new), id(old)) in self.seen or new is False or old is True:
            return
        self.seen[id(new), id(old)] = new, old  # held, so that an id is never used again
        if old is False:
            self.breaks.append(f"{at} is now allowed, the old schema forbids it")
            return
        narrow: Mapping[str, Any] = {} if new is True else _mapping(new)
        self._compare(narrow, _mapping(old), at)

    def _compare(self, new: Mapping[str, Any], old: Mapping[str, Any], at: str) -> None:
        values, allowed = _values(new), _values(old)
        types, wanted = _types(new), _types(old)
        if allowed is not None:
            self._enumerated(values, allowed, at)
        elif not types <= wanted:
            self.breaks.append(f"{at}: type widened from {_named(old)} to {_named(new)}")
        elif values is not None:
            for value in values:
                self.compare(_only(value), old, f"{at}={value!r}")
        else:
            self._constraints(new, old, types, at)

    def _enumerated(
        self, values: tuple[Any, ...] | None, allowed: tuple[Any, ...], at: str
    ) -> None:
        extra = sorted(_texts(values or ()) - _texts(allowed))
        if values is None:
            self.breaks.append(f"{at}: values are no longer enumerated")
        elif extra:
            self.breaks.append(f"{at}: new values {', '.join(extra)}")

    def _constraints(
        self, new: Mapping[str, Any], old: Mapping[str, Any], types: set[str], at: str
    ) -> None:
        if types & {"integer", "fraction"}:
            self._numbers(new, old, at, whole="fraction" not in types)
        if "string" in types:
            self._sizes(new, old, ("minLength", "maxLength"), at)
            self._equal(new, old, at)
        if "array" in types:
            self._sizes(new, old, ("minItems", "maxItems"), at)
            self.compare(new.get("items", True), old.get("items", True), f"{at}[]")
        if "object" in types:
            self._objects(new, old, at)

    def _numbers(
        self, new: Mapping[str, Any], old: Mapping[str, Any], at: str, *, whole: bool
    ) -> None:
        if _least(new, whole=whole) < _least(old, whole=whole):
            self.breaks.append(f"{at}: smaller numbers than before are allowed")
        if _most(new, whole=whole) > _most(old, whole=whole):
            self.breaks.append(f"{at}: larger numbers than before are allowed")

    def _sizes(
        self, new: Mapping[str, Any], old: Mapping[str, Any], names: tuple[str, str], at: str
    ) -> None:
        least, most = names
        if new.get(least, 0) < old.get(least, 0):
            self.breaks.append(f"{at}: {least} lowered from {old[least]} to {new.get(least, 0)}")
        if new.get(most, inf) > old.get(most, inf):
            self.breaks.append(f"{at}: {most} of {old[most]} raised or dropped")

    def _equal(self, new: Mapping[str, Any], old: Mapping[str, Any], at: str) -> None:
        """Whether one pattern implies another is beyond a structural answer."""
        for word in ("pattern", "format"):
            if word in old and new.get(word) != old[word]:
                self.undecided.append(f"{at}: '{word}' changed, which cannot be compared")

    def _objects(self, new: Mapping[str, Any], old: Mapping[str, Any], at: str) -> None:
        ours, theirs = new.get("properties", {}), old.get("properties", {})
        old_rest = old.get("additionalProperties", True)
        for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
            how = "is no longer required" if name in ours else "was removed"
            self.breaks.append(f"{at}.{name} {how}")
        for name in sorted(theirs.keys() & ours.keys()):
            self.compare(ours[name], theirs[name], f"{at}.{name}")
        for name in sorted(ours.keys() - theirs.keys()):
            self.compare(ours[name], old_rest, f"{at}.{name}")
        if new.get("additionalProperties", True) is not False:
            self._rest(new, old, sorted(theirs.keys() - ours.keys()), at)

    def _rest(
        self, new: Mapping[str, Any], old: Mapping[str, Any], gone: list[str], at: str
    ) -> None:
        """Undeclared fields may contain what the old schema still declares, or forbids."""
        rest = new.get("additionalProperties", True)
        reported = set(old.get("required", ())) - set(new.get("required", ()))
        for name in (name for name in gone if name not in reported):
            self.compare(rest, old["properties"][name], f"{at}.{name} (no longer declared)")
        self.compare(rest, old.get("additionalProperties", True), f"{at}.* (any further field)")


def _mapping(schema: Schema) -> Mapping[str, Any]:
    if isinstance(schema, Mapping):
        return schema
    raise UndecidableError("cannot decide: a schema must be an object or a boolean")


def _values(schema: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "const" in schema:
        return (schema["const"],)
    return tuple(schema["enum"]) if "enum" in schema else None


def _texts(values: tuple[Any, ...]) -> set[str]:
    """Return JSON texts, in which 1 and true differ, and 1 and 1.0 do not."""
    return {json.dumps(_whole(value), sort_keys=True) for value in values}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _types(schema: Mapping[str, Any]) -> set[str]:
    values = _values(schema)
    if values is not None:
        return {_atom(value) for value in values} & _declared(schema)
    return _declared(schema)


def _declared(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("type")
    names = [named] if isinstance(named, str) else named
    return set(_ANY) if names is None else set().union(*(_ATOMS[name] for name in names))


def _atom(value: Any) -> str:
    value = _whole(value)
    return next(name for kind, name in _PYTHON if isinstance(value, kind))


def _only(value: Any) -> Mapping[str, Any]:
    """Return a schema that allows this value alone, as far as constraints can express it."""
    atom = _atom(value)
    if atom in {"object", "array"}:
        raise UndecidableError("cannot decide: an enumerated object or array")
    if atom == "string":
        return {"type": "string", "minLength": len(value), "maxLength": len(value)}
    if atom in {"integer", "fraction"}:
        return {
            "type": "number" if atom == "fraction" else atom,
            "minimum": value,
            "maximum": value,
        }
    return {"type": atom}


def _named(schema: Mapping[str, Any]) -> str:
    named = schema.get("type", "anything")
    return named if isinstance(named, str) else ", ".join(named)


def _least(schema: Mapping[str, Any], *, whole: bool) -> tuple[float, int]:
    """Return the lower end as (number, 1 where it is excluded)."""
    ends = (schema.get("minimum", -inf), 0), (schema.get("exclusiveMinimum", -inf), 1)
    number, excluded = max(ends)
    if whole and number > -inf:
        return (floor(number) + 1 if excluded else ceil(number)), 0
    return number, excluded


def _most(schema: Mapping[str, Any], *, whole: bool) -> tuple[float, int]:
    """Return the upper end as (number, -1 where it is excluded)."""
    ends = (schema.get("maximum", inf), 0), (schema.get("exclusiveMaximum", inf), -1)
    number, excluded = min(ends)
    if whole and number < inf:
        return (ceil(number) - 1 if excluded else floor(number)), 0
    return number, excluded
