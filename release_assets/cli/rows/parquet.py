"""Reads recorded calls from Parquet, a few thousand rows at a time; a row's number is its line.

Only the columns of a recording are read. pyarrow takes a third of a second to load, so it is
imported here, late.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError, UnknownWordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_AT_ONCE = 4096


def parquet_rows(
    path: str, fields: frozenset[str], required: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and fields of every row.

    Raises `InputError` when it is no Parquet file or lacks a column that every row needs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(file.schema_arrow.names, fields, path)
            _require(required, columns, path)
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=columns):
                for row in _plain(batch):
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError, ValueError) as reason:
        told = f"cannot be read as Parquet: {str(reason).splitlines()[0][:200]}"
        raise InputError(told, file=path, hint="write JSON lines instead") from reason


def _columns(names: list[str], fields: frozenset[str], path: str) -> list[str]:
    for word in names:
        if word not in fields and get_close_matches(word, fields, n=1, cutoff=0.8):
            raise UnknownWordError(word, fields, file=path)
    return [name for name in names if name in fields]


def _require(required: tuple[str, ...], columns: list[str], path: str) -> None:
    lacking = [name for name in required if name not in columns]
    if lacking:
        told = f"no column {', '.join(map(repr, lacking))}"
        raise InputError(told, file=path, hint="write one call on each row")


def _plain(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows of Python values; a null inside a struct is an absent key, inside a map it is null."""
    import pyarrow as pa

    structs = [f.name for f in batch.schema if pa.types.is_struct(f.type)]
    rows: list[dict[str, Any]] = _in_microseconds(batch).to_pylist(maps_as_pydicts="strict")
    for row in rows if structs else ():
        for name in structs:
            if row[name] is not None:
                row[name] = {key: value for key, value in row[name].items() if value is not None}
    return rows


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Nanoseconds would come as times of pandas, which takes a second to load."""
    import pyarrow as pa

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = batch.column(index).cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, times)
    return batch
