"""Evidence tables as Parquet files named by the digest of their content, on any fsspec path.

Satisfies `EvidenceStore`. A file appears whole or not at all, is never changed, and is verified
each time it is read. The bytes hold no time and no order of keys, so equal rows are one file. Maps
and lists are JSON text in their column; a key that a row lacks reads back as None.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import AdapterError, InputError, NotFoundError, UnavailableError
from release_assets.domain.release import digest_of
from release_assets.ports import EvidenceStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from fsspec import AbstractFileSystem

_JSON = {b"countersign": b"json"}


class FileEvidenceStore(EvidenceStore):
    """Evidence below a folder or URL; cheap to make, pickled by it."""

    def __init__(self, root: str) -> None:
        self.root = str(root)

    def put(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Store rows as Parquet; returns the digest. Raises `InputError`, `UnavailableError`."""
        content = _parquet(rows)
        digest = digest_of(content)
        files, path = self._place(digest)
        try:
            if not files.exists(path) or digest_of(files.cat_file(path)) != digest:
                _write_whole(files, path, content)
        except OSError as exc:
            message = f"evidence could not be written below {self.root}: {exc}"
            raise UnavailableError(message) from exc
        return digest

    def get(self, digest: str) -> Sequence[Mapping[str, Any]]:
        """Read the rows, verified; raises `NotFoundError`, and `AdapterError` if they changed."""
        files, path = self._place(digest)
        try:
            content = files.cat_file(path)
        except FileNotFoundError as exc:
            raise NotFoundError(f"there is no evidence {digest} below {self.root}") from exc
        except OSError as exc:
            message = f"evidence could not be read below {self.root}: {exc}"
            raise UnavailableError(message) from exc
        if digest_of(content) != digest:
            raise AdapterError(f"the evidence {digest} was changed; restore {path} from a backup")
        return _rows(content)

    def _place(self, digest: str) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs

        kind, _, name = digest.partition(":")
        if kind != "sha256" or len(name) != 64 or not name.isalnum():
            raise NotFoundError(f"'{digest}' is not a digest like 'sha256:<64 hex digits>'")
        files, root = url_to_fs(self.root)
        return files, f"{root.rstrip('/')}/{name[:2]}/{name}.parquet"


def _write_whole(files: AbstractFileSystem, path: str, content: bytes) -> None:
    folder = path.rpartition("/")[0]
    files.makedirs(folder, exist_ok=True)
    unfinished = f"{folder}/.{uuid.uuid4().hex}.unfinished"
    with files.open(unfinished, "wb") as file:
        file.write(content)
    files.mv(unfinished, path)


def _parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    names = sorted({name for row in rows for name in row})
    columns = [_column(name, [row.get(name) for row in rows]) for name in names]
    schema = pa.schema([field for field, _ in columns])
    table = pa.Table.from_arrays([values for _, values in columns], schema=schema)
    sink = BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _column(name: str, values: Sequence[Any]) -> tuple[pa.Field, pa.Array]:
    import pyarrow as pa

    is_json = any(isinstance(value, Mapping | list | tuple) for value in values)
    try:
        given = [_coded(v) if is_json else _plain(v) for v in values]
        array = pa.array(given, pa.string() if is_json else None)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as exc:
        message = f"the column '{name}' of an evidence table cannot be stored: {exc}"
        raise InputError(message, hint="give all its values one plain type") from exc
    return pa.field(name, array.type, metadata=_JSON if is_json else None), array


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | set | frozenset):
        message = f"a {type(value).__name__} is not supported"
        raise TypeError(message)
    return value


def _coded(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, allow_nan=False)


def _rows(content: bytes) -> tuple[dict[str, Any], ...]:
    from pyarrow import parquet

    table = parquet.read_table(BytesIO(content))
    coded = [f.name for f in table.schema if (f.metadata or {}).items() >= _JSON.items()]
    return tuple(row | _decoded(row, coded) for row in table.to_pylist())


def _decoded(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: None if row[name] is None else json.loads(row[name]) for name in names}
