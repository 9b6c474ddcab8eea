"""The quick way for ordinary recorded calls: they are checked while they are parsed.

Decides nothing of its own. A row that is not ordinary (an escape, a letter beyond ASCII, a null
figure, a field of the user's own, anything wrong) is left to `RowReader`, which reads it with care
or says what is wrong; what both take they read alike, and a test holds them together. A million
calls take half the time this way.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from release_assets.domain.backtest.calls import RecordedCall

if TYPE_CHECKING:
    from collections.abc import Mapping

_YEARS = range(1970, 2200)
_NONE: Mapping[str, Any] = {}
_ABSENT: Any = object()
_RATINGS = {_ABSENT: None, None: None, "positive": False, "negative": True}
_REQUIRED, _NOT_COUNTED = 6, False

_Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^ \x7f]")]
_Amount = Annotated[float, Field(ge=0, le=1e12)]
_Score = Annotated[float, Field(ge=0, le=1)]


class OrdinaryRows:
    """Reads lines; remembers only the one at hand."""

    def __init__(self) -> None:
        strict = ConfigDict(strict=True, allow_inf_nan=False)
        self._read = TypeAdapter(self._call, config=strict).validator.validate_json
        self._line = self._keys = 0

    def call(self, line: int, text: bytes) -> RecordedCall | None:
        """The call on a line, or None where it takes care to read it."""
        if b"\\" in text or not text.isascii():
            return None
        self._line, self._keys = line, text.count(b'":')
        try:
            found: RecordedCall | None = self._read(text)
        except (ValidationError, ValueError):
            return None
        return found

    def _call(
        self,
        *,
        at: str,
        arm: Literal["candidate", "stable"],
        unit: _Name,
        latency_ms: _Amount,
        error: bool,
        cost_usd: _Amount,
        feedback: Literal["positive", "negative"] | None = _ABSENT,
        scores: dict[_Name, _Score | None] = _ABSENT,
        slices: dict[str, _Name] = _ABSENT,
        pair: _Name | None = _ABSENT,
        scorer_version: _Name = _ABSENT,
    ) -> RecordedCall | None:
        moment, versions, keys = datetime.fromisoformat(at), _NONE, _REQUIRED
        if moment.tzinfo is None or moment.year not in _YEARS:
            return None
        if feedback is not _ABSENT:
            keys += 1
        if scores is _ABSENT:
            scores = {}
        else:
            keys += 1 + len(scores)
        if slices is _ABSENT:
            slices = {}
        else:
            keys += 1 + len(slices)
        if pair is _ABSENT:
            pair = None
        else:
            keys += 1
        if scorer_version is not _ABSENT:
            keys, versions = keys + 1, dict.fromkeys(scores, scorer_version)
        if keys != self._keys:  # more colons than keys: a field may stand twice
            return None
        return RecordedCall(  # by position: keywords take as long as all the checks before
            self._line,
            moment,
            arm == "candidate",
            unit,
            latency_ms,
            cost_usd,
            error,
            _NOT_COUNTED,
            _NOT_COUNTED,
            _RATINGS[feedback],
            scores,
            slices,
            pair,
            versions,
        )
