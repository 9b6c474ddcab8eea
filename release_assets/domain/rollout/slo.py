"""One SLO, and how its name is read: `<metric>[_<aggregate>][_drift|_delta]_<max|min>`.

Decides which names can be judged: those that a row of `metrics.py` spells, with any scorer or slice
key in its place. Whether a scorer or slice exists, `files/manifest_lint.py` decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.rollout.metrics import METRICS, Counted, Metric, SloKind

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBJECT = r"([a-z][a-z0-9]*(?:_[a-z0-9]+)*)"
_EXAMPLES = ("groundedness", "locale")


@dataclass(frozen=True, kw_only=True, slots=True)
class Slo:
    """A bound on a live metric, by its wire name; `limit` is in the metric's unit.

    `subject` is the scorer or the slice key.
    """

    name: str
    metric: Metric
    limit: float
    subject: str | None = None
    inherited: bool = False

    @property
    def kind(self) -> SloKind:
        """Whether it bounds a level, a drift or a gap."""
        return self.metric.kind

    @property
    def tolerated(self) -> float:
        """What no breach may be called for: half of a drop or gap, all of a level.

        A breach is evidence of more than this, a proof is evidence within the limit
        (docs/methods.md, R1).
        """
        return self.limit if self.kind is SloKind.LEVEL else self.limit / 2

    @property
    def noun(self) -> str:
        """What it bounds, for a sentence."""
        return self.metric.noun.format(self.subject)

    @property
    def allowed_share(self) -> float:
        """The share of calls that a counted SLO allows: for p95, 5 % over the limit."""
        is_percentile = self.metric.counted is Counted.PERCENTILE
        return self.metric.share_beyond if is_percentile else self.limit

    @property
    def group(self) -> str:
        """What it bounds, however it is spelt: `p95_latency_ms` is `latency_p95_ms`.

        One SLO through all stages, and the group of streams that it is judged by.
        """
        metric = self.metric
        parts = (metric.name, metric.aggregate, self.subject, metric.kind.value, metric.direction)
        return " ".join(part for part in parts if part)

    def loosens(self, earlier: Slo) -> bool:
        """Whether it allows what the same SLO of an earlier stage forbids."""
        is_upper = self.metric.direction == "max"
        return self.limit > earlier.limit if is_upper else self.limit < earlier.limit

    def document(self) -> dict[str, Any]:
        """Return the JSON form, as shown at sign-off."""
        shown = ("name", "limit", "tolerated", "inherited")
        return {name: getattr(self, name) for name in shown}


def read_slo(name: str, limit: float, *, file: str | None = None, line: int | None = None) -> Slo:
    """Read an SLO of a plan.

    Raises `UnknownWordError` with the nearest possible name, and `InputError` for a limit that can
    never be proven (zero) or never be broken (a share of one).
    """
    found = next(((m, match) for m, match in _matches(name) if match), None)
    if found is None:
        raise UnknownWordError(name, _near(name), file=file, line=line)
    metric, match = found
    if impossible := _impossibility(name, metric, limit):
        raise InputError(impossible, file=file, line=line)
    return Slo(name=name, metric=metric, limit=limit, subject=next(iter(match.groups()), None))


def _matches(name: str) -> Iterator[tuple[Metric, re.Match[str] | None]]:
    for metric in METRICS:
        # "eval_tone_drift_min" is a drift spelt wrongly, not the level of a scorer "tone_drift".
        whole = r"(?<!_drift)(?<!_delta)" if metric.kind is SloKind.LEVEL else ""
        for spelling in metric.spellings:
            yield metric, re.fullmatch(spelling.replace("{}", _SUBJECT + whole), name)


def _impossibility(name: str, metric: Metric, limit: float) -> str:
    if limit <= 0:
        return f"'{name}' must be more than 0, not {limit:g}"
    if metric.is_share and limit >= 1:
        return f"'{name}' is a share between 0 and 1, not {limit:g}: write 0.05 for 5 %"
    return ""


def _near(name: str) -> set[str]:
    """Return the names that could have been meant, with the subject that was written."""
    parts = name.split("_")
    subjects = {"_".join(parts[1:end]) for end in range(2, len(parts) + 1)} - {""}
    meant = (m.spellings[0] for m in METRICS if m.counted is not Counted.SCORE)
    return {spelling.format(s) for spelling in meant for s in subjects.union(_EXAMPLES)}
