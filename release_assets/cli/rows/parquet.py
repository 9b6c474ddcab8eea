"""Reads recorded calls from Parquet, a few thousand rows at a time; a row's number is its line.

Only the columns of a recording are read. pyarrow takes a third of a second to load, so it is
imported here, late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_assets.cli.rows.lines import require_no_misspelling
from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from release_assets.cli.rows.lines import FileRow

_AT_ONCE = 4096


def parquet_rows(path: str, row: type[FileRow]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and values of every row.

    Raises `InputError` when it is not a Parquet file or lacks a column that every row needs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(file.schema_arrow.names, row, path)
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=columns):
                for values in _plain(batch):
                    number += 1
                    yield number, values
    except (pa.ArrowException, OSError, ValueError) as reason:
        message = f"cannot be read as Parquet: {str(reason).splitlines()[0][:200]}"
        raise InputError(message, file=path, hint="write JSON lines instead") from reason


def _columns(names: list[str], row: type[FileRow], path: str) -> list[str]:
    """Return the columns that a row has; a column that every row needs must be there."""
    for name in names:
        if name not in row.model_fields:
            require_no_misspelling(name, row, path)
    needed = (key for key, field in row.model_fields.items() if field.is_required())
    if lacking := [key for key in needed if key not in names]:
        message = f"no column {', '.join(map(repr, lacking))}"
        raise InputError(message, file=path, hint="write one call on each row")
    return [name for name in names if name in row.model_fields]


def _plain(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return rows of Python values; a null in a struct is an absent key, in a map it stays null."""
    import pyarrow as pa

    structs = [f.name for f in batch.schema if pa.types.is_struct(f.type)]
    rows: list[dict[str, Any]] = _in_microseconds(batch).to_pylist(maps_as_pydicts="strict")
    for row in rows if structs else ():
        for name in structs:
            if row[name] is not None:
                row[name] = {key: value for key, value in row[name].items() if value is not None}
    return rows


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return times in microseconds; nanoseconds would load pandas, which takes a second."""
    import pyarrow as pa

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = batch.column(index).cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, times)
    return batch
