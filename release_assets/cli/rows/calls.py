"""Reads recorded calls for `countersign backtest`: JSON lines or Parquet, one row a call.

    {"at": ISO time with its zone, "arm": "candidate" | "stable", "unit": "...",
     "latency_ms": n | null, "error": bool, "cost_usd": n | null,
     "feedback"?: null | "positive" | "negative", "scores"?: {"groundedness": 0..1 | null},
     "slices"?: {"locale": "de-DE"}, "pair"?: "...", "timeout"?: bool, "refusal"?: bool,
     "scorer_version"?: "..." | {"groundedness": "..."}}

A latency or cost may be null on a call that failed, and where no SLO asks for it; a call that
failed without a latency counts as slow. A score that is null is missing and is reported; a scorer
that is absent did not look at the call. A struct of Parquet cannot distinguish the two: there a
null score of a call without `pair` is an absent one (a map keeps them apart).
"""

from __future__ import annotations

import math
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import BeforeValidator

from release_assets.cli.rows import lines
from release_assets.domain.backtest.calls import RecordedCall
from release_assets.domain.documents import ZonedTime  # noqa: TC001 - pydantic reads it
from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_assets.domain.backtest.calls import RecordingNeeds

_RATINGS = {None: None, "positive": False, "negative": True}
_EVERY = "every scorer"
_ASKED_BY = {
    "latency_ms": "latency_ms",
    "cost_per_call_usd": "cost_usd",
    "timeout_rate": "timeout",
    "refusal_rate": "refusal",
}
_LOST_BY_ERRORS = {"latency_ms", "cost_usd"}
_NONE: dict[str, Any] = {}
_RECORDED = "recorded calls"


def _of_every_scorer(version: Any) -> Any:
    return {_EVERY: version} if isinstance(version, str) else version


class CallRow(lines.FileRow):
    """One row of a recording."""

    mappings = ("scores", "slices")  # a scorer_version is mostly a text

    at: ZonedTime
    arm: Literal["candidate", "stable"]
    unit: lines.Name
    latency_ms: lines.Amount | None
    error: bool
    cost_usd: lines.Amount | None
    feedback: Literal["positive", "negative"] | None = None
    scores: dict[lines.Name, lines.Score | None] | None = None
    slices: dict[str, lines.Name | None] | None = None
    pair: lines.Name | None = None
    timeout: bool | None = None
    refusal: bool | None = None
    scorer_version: Annotated[
        dict[str, lines.Name | None] | None, BeforeValidator(_of_every_scorer)
    ] = None


def recorded_calls(path: str, needs: RecordingNeeds) -> Iterator[RecordedCall]:
    """Yield the calls of a file, in its order and one at a time; raises `InputError`.

    `needs` lists the figures that may not be null.
    """
    reader = lines.RowReader(path, CallRow)
    rows = _parquet_rows(path, reader) if _is_parquet(path) else reader.rows(_RECORDED)
    calls = _calls(path, rows, needs)
    first = next(calls, None)
    if first is None:
        raise InputError("no recorded call", file=path, hint="write one call on each line")
    return chain((first,), calls)


def _is_parquet(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"PAR1" or Path(path).suffix == ".parquet"
    except OSError as reason:
        raise lines.unreadable(reason, path, _RECORDED) from reason


def _parquet_rows(path: str, reader: lines.RowReader[CallRow]) -> Iterator[tuple[int, CallRow]]:
    from release_assets.cli.rows.parquet import parquet_rows

    for line, values in parquet_rows(path, CallRow):
        yield line, reader.of_values(values, line)


def _calls(
    path: str, rows: Iterator[tuple[int, CallRow]], needs: RecordingNeeds
) -> Iterator[RecordedCall]:
    """Yield the call of each row; written for millions of them."""
    asked = [(key, needs.metrics[m]) for m, key in _ASKED_BY.items() if m in needs.metrics]
    for line, row in rows:
        for key, slo in asked:
            if getattr(row, key) is None:
                _require_lost(row, key, slo, path, line)
        latency_ms, scores = row.latency_ms, row.scores or _NONE
        yield RecordedCall(  # by position: keywords take as long as reading the row
            line,
            row.at,
            row.arm == "candidate",
            row.unit,
            math.inf if latency_ms is None else latency_ms,
            row.cost_usd,
            row.error,
            row.timeout or False,
            row.refusal or False,
            _RATINGS[row.feedback],
            scores,
            _given(row.slices) if row.slices else _NONE,
            row.pair,
            _versions(row.scorer_version, scores) if row.scorer_version else _NONE,
        )


def _require_lost(row: CallRow, key: str, slo: str, path: str, line: int) -> None:
    """Refuse a row without a figure that an SLO is about, unless its call failed and lost it."""
    if not (row.error and key in _LOST_BY_ERRORS):
        only = "; only a call that failed may lack it" if key in _LOST_BY_ERRORS else ""
        message = f"'{key}' is null or missing, and '{slo}' needs it"
        raise InputError(message, file=path, line=line, hint=f"record it{only}")


def _given(names: Mapping[str, str | None]) -> Mapping[str, str]:
    if None in names.values():
        return {key: name for key, name in names.items() if name is not None}
    return cast("Mapping[str, str]", names)


def _versions(
    versions: Mapping[str, str | None], scores: Mapping[str, float | None]
) -> Mapping[str, str]:
    given = _given(versions)
    return dict.fromkeys(scores, given[_EVERY]) if _EVERY in given else given
