"""Reads recorded calls for `countersign backtest`: JSON lines or Parquet, one row a call.

    {"at": ISO time with its zone, "arm": "candidate" | "stable", "unit": "...",
     "latency_ms": n | null, "error": bool, "cost_usd": n | null,
     "feedback"?: null | "positive" | "negative", "scores"?: {"groundedness": 0..1 | null},
     "slices"?: {"locale": "de-DE"}, "pair"?: "...", "timeout"?: bool, "refusal"?: bool,
     "scorer_version"?: "..." | {"groundedness": "..."}}

A latency or cost may be null on a call that failed, and where no SLO asks for it; a call that
failed without a latency counts as slow. A score that is null is missing and is told; a scorer that
is absent did not look at the call. A struct of Parquet cannot tell the two apart: there a null
score of a call without `pair` is an absent one (write a map to say otherwise).

One row at a time: memory does not grow with the file. Other fields may stand beside these, but not
one that looks like a misspelt field. What cannot be read is an `InputError` with file and line.
"""

from __future__ import annotations

import math
from datetime import datetime
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_assets.cli.rows.lines import json_object, shortened, text_lines, unreadable
from release_assets.domain.backtest.calls import RecordedCall
from release_assets.domain.errors import InputError, UnknownWordError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_assets.domain.backtest.calls import RecordingNeeds

LONGEST_NAME = 500
LARGEST_AMOUNT = 1e12
FIELDS = frozenset(
    {"at", "arm", "unit", "latency_ms", "error", "cost_usd", "feedback", "scores", "slices"}
    | {"pair", "timeout", "refusal", "scorer_version"}
)
_REQUIRED = ("at", "arm", "unit", "latency_ms", "error", "cost_usd")
_ARMS = {"candidate": True, "stable": False}
_RATINGS = {"positive": False, "negative": True}
_YEARS = range(1970, 2200)
_MOST_WORDS = 500
_NONE: dict[str, Any] = {}
_RECORDED = "recorded calls"


def recorded_calls(path: str, needs: RecordingNeeds) -> Iterator[RecordedCall]:
    """The calls of a file, in its order; raises `InputError` on anything that is no call.

    `needs` says which figures may not be null.
    """
    calls = (_parquet_calls if _is_parquet(path) else _json_calls)(path, RowReader(path, needs))
    first = next(calls, None)
    if first is None:
        raise InputError("no recorded call", file=path, hint="write one call on each line")
    return chain((first,), calls)


def _is_parquet(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"PAR1" or Path(path).suffix == ".parquet"
    except OSError as reason:
        raise unreadable(reason, path, _RECORDED) from reason


def _parquet_calls(path: str, reader: RowReader) -> Iterator[RecordedCall]:
    from release_assets.cli.rows.parquet import parquet_rows

    for line, fields in parquet_rows(path, FIELDS, _REQUIRED):
        yield reader.call(line, fields)


def _json_calls(path: str, reader: RowReader) -> Iterator[RecordedCall]:
    """Ordinary rows the quick way; any other is read again with care, or refused with its fault."""
    from release_assets.cli.rows.ordinary import OrdinaryRows

    quick = OrdinaryRows().call if reader.takes_ordinary_rows else None
    for line, text in text_lines(path, _RECORDED):
        call = quick(line, text) if quick else None
        yield call or reader.call(line, json_object(text, path, line))


class RowReader:
    """Turns rows into calls, with care; every complaint names the file and the line."""

    def __init__(self, path: str, needs: RecordingNeeds) -> None:
        self._path, self._needs = path, needs.metrics
        self._known = set(FIELDS)
        self._met: set[str] = set()
        self._line = 0

    @property
    def takes_ordinary_rows(self) -> bool:
        """Whether no plan asks for a field that most recordings do not have."""
        return not {"timeout_rate", "refusal_rate"} & self._needs.keys()

    def call(self, line: int, fields: dict[str, Any]) -> RecordedCall:
        """One call; raises `InputError`."""
        self._line = line
        if not fields.keys() <= self._known:
            self._require_no_misspelling(fields)
        get, error = fields.get, self._flag(fields, "error")
        latency = self._amount(fields, "latency_ms", "latency_ms", error=error)
        pair, said = get("pair"), get("scorer_version")
        return RecordedCall(
            line,
            self._time(fields),
            self._arm(fields),
            self._name(get("unit"), "unit"),
            math.inf if latency is None else latency,
            self._amount(fields, "cost_usd", "cost_per_call_usd", error=error),
            error,
            self._asked_flag(fields, "timeout", "timeout_rate"),
            self._asked_flag(fields, "refusal", "refusal_rate"),
            self._rating(get("feedback")),
            scores := self._scores(get("scores")),
            self._slices(get("slices")),
            None if pair is None else self._name(pair, "pair"),
            _NONE if said is None else self._versions(said, scores),
        )

    def _require_no_misspelling(self, fields: dict[str, Any]) -> None:
        """A field of the user's own is welcome; a misspelt one of ours would be ignored."""
        for word in sorted(fields.keys() - self._known):
            if get_close_matches(word, FIELDS, n=1, cutoff=0.8):
                raise UnknownWordError(word, FIELDS, file=self._path, line=self._line)
            if len(self._known) < _MOST_WORDS:
                self._known.add(word)

    def _time(self, fields: dict[str, Any]) -> datetime:
        at = fields.get("at")
        if type(at) is str:
            try:
                at = datetime.fromisoformat(at)
            except ValueError:
                at = None
        if not isinstance(at, datetime) or at.tzinfo is None or at.year not in _YEARS:
            told = f"'at' is {shortened(fields.get('at'))}, not a time with its zone"
            raise self._error(told, "write 2026-01-31T09:00:00Z")
        return at

    def _arm(self, fields: dict[str, Any]) -> bool:
        arm = fields.get("arm")
        found = _ARMS.get(arm) if type(arm) is str else None
        if found is None:
            if isinstance(arm, str):
                raise UnknownWordError(arm[:60], _ARMS, file=self._path, line=self._line)
            told = f"'arm' is {shortened(arm)}, not an arm"
            raise self._error(told, "write candidate or stable")
        return found

    def _flag(self, fields: dict[str, Any], field: str) -> bool:
        flag = fields.get(field)
        if flag is not True and flag is not False:
            raise self._error(f"'{field}' is {shortened(flag)}", "write true or false")
        return flag

    def _asked_flag(self, fields: dict[str, Any], field: str, metric: str) -> bool:
        if fields.get(field) is not None:
            return self._flag(fields, field)
        if metric in self._needs:
            told = f"no field '{field}', which '{self._needs[metric]}' needs"
            raise self._error(told, "write true or false")
        return False

    def _amount(
        self, fields: dict[str, Any], field: str, metric: str, *, error: bool
    ) -> float | None:
        amount = fields.get(field)
        if (type(amount) is float or type(amount) is int) and 0 <= amount <= LARGEST_AMOUNT:
            return float(amount)
        if amount is not None:
            raise self._error(f"'{field}' is {shortened(amount)}", "write a number from 0 up")
        if field not in fields:
            raise self._error(f"no field '{field}'", "write null where it is not known")
        if metric in self._needs and not error:
            told = f"'{field}' is null, and '{self._needs[metric]}' needs it"
            raise self._error(told, "only a call that failed may lack it")
        return None

    def _rating(self, said: Any) -> bool | None:
        if said is None:
            return None
        found = _RATINGS.get(said) if type(said) is str else None
        if found is None:
            word = said if isinstance(said, str) else shortened(said)
            raise UnknownWordError(word[:60], _RATINGS, file=self._path, line=self._line)
        return found

    def _scores(self, said: Any) -> Mapping[str, float | None]:
        if said is None:
            return _NONE
        for scorer, score in self._mapping(said, "scores").items():
            is_number = type(score) is float or type(score) is int
            if score is not None and not (is_number and 0 <= score <= 1):
                told = f"the score of '{scorer[:60]}' is {shortened(score)}"
                raise self._error(f"{told}, not a number from 0 to 1", "scale the scores")
            self._word(scorer, "scorer")
        scores: Mapping[str, float | None] = said
        return scores

    def _slices(self, said: Any) -> Mapping[str, str]:
        if said is None:
            return _NONE
        slices = self._mapping(said, "slices")
        if None in slices.values():
            slices = {key: value for key, value in slices.items() if value is not None}
        for key, value in slices.items():
            self._word(value, key)
        return slices

    def _versions(self, said: Any, scores: Mapping[str, float | None]) -> Mapping[str, str]:
        if type(said) is str:
            return dict.fromkeys(scores, self._name(said, "scorer_version"))
        versions = self._mapping(said, "scorer_version")
        return {s: self._name(v, "scorer_version") for s, v in versions.items() if v is not None}

    def _mapping(self, said: Any, field: str) -> dict[str, Any]:
        if type(said) is not dict:
            raise self._error(f"'{field}' is {shortened(said)}, not an object", "write {...}")
        return said

    def _word(self, value: Any, what: str) -> None:
        """A name that comes again and again; the first few hundred are looked at once."""
        if type(value) is str and value in self._met:
            return
        word = self._name(value, what)
        if len(self._met) < _MOST_WORDS:
            self._met.add(word)

    def _name(self, value: Any, what: str) -> str:
        """Names reach the terminal, so they are short and printable."""
        if type(value) is str and len(value) <= LONGEST_NAME and value.isprintable():
            name: str = value
            if name.strip():
                return name
        hint = f"write a text of 1 to {LONGEST_NAME} printable characters"
        raise self._error(f"'{what[:60]}' is {shortened(value)}, not a name", hint)

    def _error(self, told: str, hint: str) -> InputError:
        return InputError(told, file=self._path, line=self._line, hint=hint)
