"""Reads JSON lines of any kind of row, strictly and in bounded memory.

Decides what counts as a row: what its pydantic model declares, and keys of the user's own beside
it, but none that looks like a misspelt key. Nothing is guessed or skipped but blank lines: what
cannot be read is an `InputError` with file and line.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from release_assets.domain.document_errors import explain
from release_assets.domain.documents import require_json_object
from release_assets.domain.errors import InputError, UnknownWordError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

LONGEST_LINE = 1_048_576
_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it
_MOST_WORDS = 500
WHOLE = "\0"  # the key of a text that stands for a mapping; only an escape could write it
_CORRECT = "correct what writes these rows, then run the command again"

# Names reach the terminal and tables: no control character, no separator but the space.
Name = Annotated[str, Field(max_length=500, pattern=r"^(?: *[^\p{C}\p{Z}]+)+ *$")]
Amount = Annotated[float, Field(ge=0, le=1e12)]
Score = Annotated[float, Field(ge=0, le=1)]


class FileRow(BaseModel):
    """The base of rows: frozen and strict; keys of the user's own are kept beside the declared.

    `mappings` lists the keys whose values have keys themselves.
    """

    mappings: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(frozen=True, strict=True, extra="allow", allow_inf_nan=False)


RowT = TypeVar("RowT", bound=FileRow)


class RowReader(Generic[RowT]):
    """Turns the lines of one file into rows; `own` lists keys of the user's that are in use."""

    def __init__(self, path: str, row: type[RowT], own: Collection[str] = ()) -> None:
        self._path, self._row, self._known = path, row, {*row.model_fields, *own}
        self._validate_json = row.__pydantic_validator__.validate_json

    def rows(self, of: str) -> Iterator[tuple[int, RowT]]:
        """Yield number and row of every line that is not blank; `of` names what the file holds."""
        for line, text in text_lines(self._path, of):
            yield line, self.of_text(text, line)

    def of_text(self, text: bytes, line: int) -> RowT:
        """Return the row on a line; raises `InputError`."""
        try:
            row: RowT = self._validate_json(text)
        except ValidationError as exc:
            fields = self._require_json(text, line)
            self._require_no_misspelling(fields, line)
            self._require_all_keys(fields, line)
            raise self._explained(exc, line) from exc
        if _needs_care(row, text):
            self._require_json(text, line)
        if row.__pydantic_extra__:
            self._require_no_misspelling(row.__pydantic_extra__, line)
        return row

    def of_values(self, fields: dict[str, Any], line: int) -> RowT:
        """Return the row that values of another format make; raises `InputError`."""
        try:
            return self._row.model_validate(fields)
        except ValidationError as exc:
            raise self._explained(exc, line) from exc

    def _explained(self, exc: ValidationError, line: int) -> InputError:
        """Return the most telling fault of a row, with what to do where the fault names nothing."""
        found = explain(exc, self._row, self._path, lambda *_: line)
        if isinstance(found, UnknownWordError):
            return found
        message, hint = found.message.replace(f".{WHOLE}", ""), found.hint or _CORRECT
        return InputError(message, file=self._path, line=line, hint=hint)

    def _require_json(self, text: bytes, line: int) -> dict[str, Any]:
        try:
            return require_json_object(text.decode(), self._path, line)
        except (UnicodeDecodeError, InputError) as exc:
            fault = exc.message if isinstance(exc, InputError) else "is not UTF-8 text"
            hint = "write one JSON object on each line, each key once"
            raise InputError(fault, file=self._path, line=line, hint=hint) from exc

    def _require_all_keys(self, fields: dict[str, Any], line: int) -> None:
        for key, field in self._row.model_fields.items():
            if field.is_required() and key not in fields:
                message, hint = f"the key '{key}' is missing", f"this row has {', '.join(fields)}"
                raise InputError(message, file=self._path, line=line, hint=hint)

    def _require_no_misspelling(self, words: Iterable[str], line: int) -> None:
        for word in words:
            if word not in self._known:
                require_no_misspelling(word, self._row, self._path, line)
                if len(self._known) < _MOST_WORDS:
                    self._known.add(word)


def require_no_misspelling(
    word: str, row: type[FileRow], path: str, line: int | None = None
) -> None:
    """Raise `UnknownWordError` for a key of the user's own that is nearly a declared one.

    It is more likely a misspelt key, and would be ignored.
    """
    if get_close_matches(word, row.model_fields, n=1, cutoff=0.8):
        raise UnknownWordError(word, row.model_fields, file=path, line=line)


def _needs_care(row: FileRow, text: bytes) -> bool:
    """Whether the line may hold a key twice, or NaN in a key of the user's own.

    pydantic lets both pass. Python's reader of JSON finds them and takes longer than all the rest,
    so it reads only where there can be something to find. In JSON without escapes and without space
    before a colon, each key is followed by `":`, and texts can only bring more of these. So a line
    with as many of them as the row has keys holds no key twice.
    """
    fields, keys = row.__dict__, len(row.__pydantic_fields_set__)
    for name in row.mappings:
        inside = fields[name] or ()
        keys += len(inside) - (WHOLE in inside)  # a text in place of a mapping holds no key
    return (
        text.count(b'":') != keys
        or b"\\" in text
        or b" :" in text
        or b"\t" in text
        or b"\r" in text
        or (bool(row.__pydantic_extra__) and (b"NaN" in text or b"Infinity" in text))
    )


def text_lines(path: str, of: str) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of every line that is not blank; `of` names what the file holds.

    A line is never read beyond its limit, so a file without line ends cannot fill the memory.
    """
    try:
        with Path(path).open("rb") as file:
            line = 0
            while text := file.readline(LONGEST_LINE + 1):
                line += 1
                if len(text) > LONGEST_LINE:
                    message = f"a line of more than {LONGEST_LINE} bytes"
                    hint = "write one row on each line"
                    raise InputError(message, file=path, line=line, hint=hint)
                if text := (text.removeprefix(_MARK) if line == 1 else text).strip():
                    yield line, text
    except OSError as reason:
        raise unreadable(reason, path, of) from reason


def unreadable(reason: OSError, path: str, of: str) -> InputError:
    """Return the `InputError` for a file that the system does not give out."""
    message = f"cannot be read: {reason.strerror}"
    return InputError(message, file=path, hint=f"name a file with {of}")
