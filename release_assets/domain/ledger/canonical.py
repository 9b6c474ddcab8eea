"""Which bytes the body of an entry is hashed over: canonical JSON (RFC 8785), without floats.

Decides the one form of a body. Numbers with a fraction become decimal text, so that every language
computes the same bytes; what has no such form is refused with its place. Knows no kind of entry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import rfc8785

from release_assets.domain.errors import LedgerError


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the bytes of a body that are hashed: RFC 8785 after `as_decimals`.

    Raises `LedgerError` for a body that has no canonical form.
    """
    try:
        return rfc8785.dumps(as_decimals(body))
    except rfc8785.CanonicalizationError as exc:
        raise LedgerError(f"an entry cannot hold this body: {exc}; write it as text") from exc


def as_decimals(value: Any, where: str = "body") -> Any:
    """Return a JSON document with every float as decimal text that reads back as the same float.

    Raises `LedgerError`, naming the place, for infinite and not-a-number, for keys that are not
    text, and for any type that JSON does not have.
    """
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case Integral():
            return int(value)
        case Real() | Decimal():
            return _decimal_text(value, where)
        case Mapping():
            return {_key(k, where): as_decimals(v, f"{where}.{k}") for k, v in value.items()}
        case list() | tuple():
            return [as_decimals(item, f"{where}[{i}]") for i, item in enumerate(value)]
        case _:
            kind = type(value).__name__
            raise LedgerError(f"{where} is a {kind}; JSON has no such type, write it as text")


def _decimal_text(value: Real | Decimal, where: str) -> str:
    if isinstance(value, Decimal):
        number, text = float(value), str(value)
    else:
        number = float(value)
        text = float.__repr__(number)
    if not math.isfinite(number):
        raise LedgerError(f"{where} is {number}, which is not a number that can be recorded")
    return text


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise LedgerError(f"{where} has the key {key!r}, which is not text")
    return str.__str__(key)
