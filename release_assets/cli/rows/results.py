"""Reads the result rows that `countersign compare` takes: JSON lines, one per case and repeat.

    {"case": "...", "scorer": "...", "score": 0..1, "status"?: "ok", "cluster"?: "...",
     "slice"?: "..." | {"locale": "de-DE"}, "repeat"?: n, "scorer_version"?: "...",
     "critical"?: bool, "latency_ms"?: x, "cost_usd"?: x}

`--cluster` and `--slice` may name a key of the slice object or any other key of the row. A case has
one cluster and one slice, whichever line or file it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from release_assets.cli.rows.lines import WHOLE, Amount, FileRow, Name, RowReader, Score
from release_assets.domain.errors import InputError
from release_assets.domain.evals.rows import RowStatus, ScoreRow

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ROWS = 2_000_000
_SCORED = frozenset({RowStatus.OK, RowStatus.WRONG})
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_KEYS = "--cluster and --slice name a key that every row has"


def _slices(value: Any) -> Any:
    return {WHOLE: value} if isinstance(value, str) else value


class ResultRow(FileRow):
    """One row of a result file; without a cluster a case is a cluster by itself."""

    mappings = ("slice",)
    case: Name
    scorer: Name
    score: Score | None = None
    status: RowStatus = RowStatus.OK
    cluster: Name = ""
    slice: Annotated[dict[str, Name], BeforeValidator(_slices)] = Field(default_factory=dict)
    repeat: Annotated[int, Field(ge=0)] = 1
    scorer_version: Name = ""
    critical: bool = False
    latency_ms: Amount | None = None
    cost_usd: Amount | None = None

    @property
    def slices(self) -> dict[str, str]:
        """The slice by attribute; one that is a text has the attribute `slice`."""
        return {"slice": self.slice[WHOLE]} if WHOLE in self.slice else self.slice


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultFile:
    """The rows of one side; `lines` holds the first line of each case."""

    name: str
    rows: tuple[ScoreRow, ...]
    lines: dict[str, int]


def read_results(path: str, *, cluster: str | None, slice_key: str | None) -> ResultFile:
    """Read one side; raises `InputError` on anything that is not a result row."""
    rows: list[ScoreRow] = []
    met: dict[tuple[str, str, int], int] = {}
    first: dict[str, tuple[ScoreRow, int]] = {}
    for line, row in _score_rows(path, cluster, slice_key):
        key = row.scorer, row.case, row.repeat
        if (before := met.setdefault(key, line)) != line:
            message = f"duplicate case '{row.case}', repeat {row.repeat}, first on line {before}"
            raise InputError(message, file=path, line=line, hint="number the repeats: 1, 2, 3")
        _require_same_place(row, *first.setdefault(row.case, (row, line)), path, line)
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise InputError(f"more than {MOST_ROWS} rows", file=path, line=line, hint="split it")
    if not rows:
        raise InputError("no result row", file=path, hint="run the suite on this side first")
    lines = {case: line for case, (_, line) in first.items()}
    return ResultFile(name=path, rows=tuple(rows), lines=lines)


def require_same_places(candidate: ResultFile, baseline: ResultFile) -> None:
    """Refuse a case that has another cluster or slice in one file than in the other."""
    places = {row.case: row for row in baseline.rows}
    for row in candidate.rows:
        if row.case in places:
            line = candidate.lines[row.case]
            there = places[row.case], baseline.lines[row.case]
            _require_same_place(row, *there, candidate.name, line, baseline.name)


def _require_same_place(
    row: ScoreRow, before: ScoreRow, there: int, path: str, line: int, other: str = ""
) -> None:
    for word, now, then in (
        ("cluster", row.family.removeprefix("case:"), before.family.removeprefix("case:")),
        ("slice", row.slices, before.slices),
    ):
        if now != then:
            place = f"line {there} of {other}" if other else f"line {there}"
            message = f"case '{row.case}' has {word} {now!r} here and {then!r} on {place}"
            raise InputError(message, file=path, line=line, hint=f"a case has one {word}")


def _score_rows(
    path: str, cluster: str | None, slice_key: str | None
) -> Iterator[tuple[int, ScoreRow]]:
    reader = RowReader(path, ResultRow, own=[key for key in (cluster, slice_key) if key])
    for line, row in reader.rows("result rows"):
        if row.score is None and row.status in _SCORED:
            hint = "write a number from 0 to 1, or a status: error, timeout, limit, unscorable"
            raise InputError("'score' is null or missing", file=path, line=line, hint=hint)
        try:
            yield line, _score_row(row, cluster, slice_key)
        except ValueError as exc:
            raise InputError(str(exc), file=path, line=line, hint=_KEYS) from exc


def _score_row(row: ResultRow, cluster: str | None, slice_key: str | None) -> ScoreRow:
    return ScoreRow(
        case=row.case,
        family=_name(row, cluster) if cluster else row.cluster or f"case:{row.case}",
        repeat=row.repeat,
        scorer=row.scorer,
        scorer_version=row.scorer_version,
        status=row.status,
        score=row.score,
        slices={slice_key: _name(row, slice_key)} if slice_key else row.slices,
        critical=row.critical,
        latency_ms=row.latency_ms,
        cost_usd=row.cost_usd,
    )


def _name(row: ResultRow, key: str) -> str:
    """Return the name that a row has under the key that a person chose; raises `ValueError`."""
    found = row.model_dump(exclude_unset=True) | row.slices
    if key not in found:
        raise ValueError(f"no key '{key}'; this row has {', '.join(sorted(found))}")
    try:
        return _NAME.validate_python(found[key], strict=True)
    except ValidationError as exc:
        raise ValueError(f"'{key}' must be printable text, not {str(found[key])[:40]!r}") from exc
