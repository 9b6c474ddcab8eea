"""One rule applied to evidence, and its three-valued outcome; `verdict` folds findings together.

Three values, since no data is never a pass and a crash is never a verdict (law 2). Decides nothing
about evidence itself: the rules of each phase make the findings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Outcome(StrEnum):
    """Of a finding and of a verdict; only PASSED opens anything."""

    PASSED = "passed"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """The command line's answer: 0 passed, 1 failed, 3 inconclusive."""
        return {"passed": 0, "failed": 1, "inconclusive": 3}[self]


_SEVERITY = (Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.FAILED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of some outcomes: failed before inconclusive before passed."""
    return max(outcomes, key=_SEVERITY.index)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule applied to evidence; `because` is a sentence for the release manager.

    `rule` is a claim that can be false (`quality_holds_against_main`); `observed`, `limit` and
    `interval` are in the unit of the metric, `n` counts what was judged.
    """

    rule: str
    outcome: Outcome
    because: str
    observed: float | None = None
    limit: float | None = None
    n: int | None = None
    interval: tuple[float, float] | None = None
    slice: str | None = None
    scorer: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return asdict(self) | {"interval": list(self.interval) if self.interval else None}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Finding:
        """Read back a finding's document; the ledger keeps numbers as decimal strings."""
        numbers = {k: _number(document[k]) for k in ("observed", "limit")}
        ends = document["interval"]
        interval = (float(ends[0]), float(ends[1])) if ends else None
        outcome = Outcome(document["outcome"])
        return cls(**{**document, **numbers, "interval": interval, "outcome": outcome})


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
