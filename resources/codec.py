"""Frozen records of the domain as JSON text and back, by their fields; nothing is lost on the way.

The domain imports its types for the type checker only, so their names are given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from release_assets.domain.errors import AdapterError

RecordT = TypeVar("RecordT")
_NAMES = {"datetime": datetime, "timedelta": timedelta, "Mapping": Mapping, "Any": Any}


class JsonCodec(Generic[RecordT]):
    """Writes and reads the JSON text of one class of records."""

    def __init__(self, record: type[RecordT]) -> None:
        self._record = record

    @cached_property
    def _adapter(self) -> TypeAdapter[RecordT]:
        adapter: TypeAdapter[RecordT] = TypeAdapter(self._record)
        adapter.rebuild(_types_namespace=_NAMES)
        return adapter

    def write(self, record: RecordT) -> str:
        """Return the JSON text of a record."""
        return self._adapter.dump_json(record).decode()

    def read(self, text: str) -> RecordT:
        """Return the record of a JSON text; raises `AdapterError` when another version wrote it."""
        try:
            return self._adapter.validate_json(text)
        except ValidationError as exc:
            name = self._record.__name__
            message = f"a stored {name} cannot be read; was it written by another version? {exc}"
            raise AdapterError(message) from exc
