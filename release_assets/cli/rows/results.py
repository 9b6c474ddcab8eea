"""Reads the result rows that `countersign compare` takes: JSON lines, one per case and repeat.

    {"case": "...", "scorer": "...", "score": 0..1, "status"?: "ok", "cluster"?: "...",
     "slice"?: "..." | {"locale": "de-DE"}, "repeat"?: n, "scorer_version"?: "...",
     "critical"?: bool, "latency_ms"?: x, "cost_usd"?: x}

Other fields may stand beside them (`--cluster` and `--slice` may name one), but not one that looks
like a misspelt field. Nothing is guessed or skipped: what cannot be read is an `InputError` with
file and line.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from release_assets.cli.rows.lines import json_objects, shortened
from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.evals.rows import RowStatus, ScoreRow

LONGEST_NAME = 500
MOST_ROWS = 2_000_000
LARGEST_AMOUNT = 1e12
FIELDS = frozenset(
    {"case", "scorer", "score", "status", "cluster", "slice", "repeat", "scorer_version"}
    | {"critical", "latency_ms", "cost_usd"}
)
_STATUSES = {str(status): status for status in RowStatus}
_SCORED = frozenset({RowStatus.OK, RowStatus.WRONG})


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultFile:
    """The rows of one side; `lines` tells where each case stands first."""

    name: str
    rows: tuple[ScoreRow, ...]
    lines: dict[str, int]


def read_results(path: str, *, cluster: str | None, slice_key: str | None) -> ResultFile:
    """Read one side; raises `InputError` on anything that is not a result row."""
    rows: list[ScoreRow] = []
    met: dict[tuple[str, str, int], int] = {}
    first: dict[str, tuple[ScoreRow, int]] = {}
    for line, fields in json_objects(path, "result rows"):
        row = _Line(path, line, fields).row(cluster, slice_key)
        key = row.scorer, row.case, row.repeat
        if (before := met.setdefault(key, line)) != line:
            told = f"case '{row.case}' repeat {row.repeat} stands on line {before} already"
            raise InputError(told, file=path, line=line, hint="number the repeats: 1, 2, 3")
        _require_same_place(row, *first.setdefault(row.case, (row, line)), path, line)
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise InputError(f"more than {MOST_ROWS} rows", file=path, line=line, hint="split it")
    if not rows:
        raise InputError("no result row", file=path, hint="run the suite on this side first")
    lines = {case: line for case, (_, line) in first.items()}
    return ResultFile(name=path, rows=tuple(rows), lines=lines)


def require_same_places(candidate: ResultFile, baseline: ResultFile) -> None:
    """A case belongs to one cluster and one slice, whichever file tells it."""
    places = {row.case: row for row in baseline.rows}
    for row in candidate.rows:
        if row.case in places:
            line = candidate.lines[row.case]
            there = places[row.case], baseline.lines[row.case]
            _require_same_place(row, *there, candidate.name, line, baseline.name)


def _require_same_place(
    row: ScoreRow, before: ScoreRow, there: int, path: str, line: int, other: str = ""
) -> None:
    for what in ("family", "slices"):
        now, then = getattr(row, what), getattr(before, what)
        if now != then:
            word = {"family": "cluster", "slices": "slice"}[what]
            place = f"line {there} of {other}" if other else f"line {there}"
            told = f"case '{row.case}' has {word} {_told(now)} here and {_told(then)} on {place}"
            raise InputError(told, file=path, line=line, hint=f"a case has one {word}")


def _told(value: Any) -> str:
    return repr(value.removeprefix("case:")) if isinstance(value, str) else repr(dict(value))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line on its way to a row; every complaint names the file and the line."""

    path: str
    line: int
    fields: dict[str, Any]

    def row(self, cluster: str | None, slice_key: str | None) -> ScoreRow:
        self._require_known_fields(cluster, slice_key)
        case, status = self._name("case"), self._status()
        return ScoreRow(
            case=case,
            family=self._cluster(case, cluster),
            repeat=self._repeat(),
            scorer=self._name("scorer"),
            scorer_version=self._name("scorer_version") if "scorer_version" in self.fields else "",
            status=status,
            score=self._score(status),
            slices=self._slices(slice_key),
            critical=self._critical(),
            latency_ms=self._amount("latency_ms"),
            cost_usd=self._amount("cost_usd"),
        )

    def _require_known_fields(self, *named: str | None) -> None:
        """A field of the user's own is welcome; a misspelt one of ours would be ignored."""
        for word in sorted(self.fields.keys() - FIELDS - set(named)):
            if get_close_matches(word, FIELDS, n=1, cutoff=0.8):
                raise UnknownWordError(word, FIELDS, file=self.path, line=self.line)

    def _status(self) -> RowStatus:
        word = self.fields.get("status", "ok")
        status = _STATUSES.get(word) if isinstance(word, str) else None
        if status is None:
            text = word if isinstance(word, str) and word.isprintable() else shortened(word)
            raise UnknownWordError(text[:60], _STATUSES, file=self.path, line=self.line)
        return status

    def _score(self, status: RowStatus) -> float | None:
        score = self.fields.get("score")
        if score is None and status not in _SCORED:
            return None
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            told = f"the score is {shortened(score)}, not a number from 0 to 1"
            hint = "a case that was not scored has a status: error, timeout, limit, unscorable"
            raise self._error(told, hint if score is None else "scale the scores")
        return float(score)

    def _repeat(self) -> int:
        repeat = self.fields.get("repeat", 1)
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
            raise self._error(f"the repeat is {shortened(repeat)}", "number the repeats: 1, 2, 3")
        return repeat

    def _critical(self) -> bool:
        critical = self.fields.get("critical", False)
        if not isinstance(critical, bool):
            raise self._error(f"critical is {shortened(critical)}", "write true or false")
        return critical

    def _amount(self, field: str) -> float | None:
        amount = self.fields.get(field)
        if amount is None:
            return None
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not is_number or not 0 <= amount <= LARGEST_AMOUNT:
            raise self._error(f"{field} is {shortened(amount)}", "write a number from 0 up")
        return float(amount)

    def _cluster(self, case: str, key: str | None) -> str:
        """The user's own key, the field `cluster`, or the case by itself."""
        if key is None:
            return self._name("cluster") if "cluster" in self.fields else f"case:{case}"
        return self._attribute(key, "cluster")

    def _slices(self, key: str | None) -> dict[str, str]:
        if key is not None:
            return {key: self._attribute(key, "slice")}
        found = self.fields.get("slice", {})
        found = found if isinstance(found, dict) else {"slice": found}
        return {name: self._text(value, f"slice '{name}'") for name, value in found.items()}

    def _attribute(self, key: str, what: str) -> str:
        """A value of the slice object, or a field of the row."""
        slices = self.fields.get("slice")
        if isinstance(slices, dict) and key in slices:
            return self._text(slices[key], f"{what} '{key}'")
        if key in self.fields:
            return self._text(self.fields[key], f"{what} '{key}'")
        known = sorted({*self.fields, *(slices if isinstance(slices, dict) else ())})
        raise self._error(f"no {what} key '{key}'", f"this row has {', '.join(known)}")

    def _name(self, field: str) -> str:
        if field not in self.fields:
            raise self._error(f"no field '{field}'", f"this row has {', '.join(self.fields)}")
        return self._text(self.fields[field], field)

    def _text(self, value: Any, what: str) -> str:
        """Names reach the terminal and a table, so they are short and printable."""
        is_name = isinstance(value, str) and value.strip() and value.isprintable()
        if not is_name or len(value) > LONGEST_NAME:
            hint = f"write a text of 1 to {LONGEST_NAME} printable characters"
            raise self._error(f"{what} is {shortened(value)}, not a name", hint)
        return str(value)

    def _error(self, told: str, hint: str) -> InputError:
        return InputError(told, file=self.path, line=self.line, hint=hint)
