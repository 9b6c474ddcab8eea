"""What an SLO name says: `<metric>[_<aggregate>][_drift|_delta]_<max|min>`, a grammar, not a list.

Decides which names can be judged: levels of what the call log counts, drift (the drop of a live
score against the concurrent stable release) of any scorer, delta (the gap between groups) of any
slice. Which scorers and slices exist, the policy lint knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from release_assets.domain.errors import UnknownWordError

RATES = ("error_rate", "timeout_rate", "refusal_rate", "feedback_negative_rate")
AGGREGATES = ("p50", "p95", "mean")
_SUBJECT = r"(?P<subject>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)"
_LATENCY = rf"(?P<aggregate>{'|'.join(AGGREGATES)})"
_GRAMMAR = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<metric>{'|'.join(RATES)})_max",
        r"(?P<metric>cost_per_call_usd)(?:_(?P<aggregate>mean))?_max",
        rf"{_LATENCY}_(?P<metric>latency_ms)_max",
        rf"latency_{_LATENCY}_ms_max",
        rf"(?P<metric>latency_ms)_{_LATENCY}_max",
        rf"(?P<metric>eval)_{_SUBJECT}_(?P<kind>drift)_max",
        rf"(?P<metric>fairness)_{_SUBJECT}_(?P<kind>delta)_max",
        rf"(?P<metric>eval)_{_SUBJECT}(?<!_drift)(?<!_delta)_(?P<bound>min)",
    )
)
_FIXED = {
    *(f"{rate}_max" for rate in RATES),
    *(f"{aggregate}_latency_ms_max" for aggregate in AGGREGATES),
    "cost_per_call_usd_max",
    "eval_groundedness_drift_max",
    "fairness_locale_delta_max",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SloName:
    """A wire name, taken apart; `subject` is the scorer or the slice key."""

    metric: str
    kind: Literal["level", "drift", "delta"] = "level"
    bound: Literal["max", "min"] = "max"
    aggregate: str | None = None
    subject: str | None = None

    @property
    def is_share(self) -> bool:
        """Whether the metric lies between 0 and 1."""
        return self.metric in {*RATES, "eval", "fairness"}


def read_slo_name(name: str, *, file: str | None = None, line: int | None = None) -> SloName:
    """Take a wire name apart; raises `UnknownWordError` with the nearest possible name."""
    match = next((m for g in _GRAMMAR if (m := g.fullmatch(name))), None)
    if match is None:
        raise UnknownWordError(name, _near(name), file=file, line=line)
    said = {key: word for key, word in match.groupdict().items() if word}
    default = {"aggregate": "mean"} if said.get("metric") == "cost_per_call_usd" else {}
    return SloName(**{"metric": "latency_ms"} | default | said)  # type: ignore[arg-type]


def impossibility(name: str, said: SloName, limit: float) -> str:
    """Why a limit can never be proven (zero) or never be broken (a share of one), or nothing."""
    if limit <= 0:
        return f"'{name}' must be more than 0, not {limit:g}"
    if said.is_share and limit >= 1:
        return f"'{name}' is a share between 0 and 1, not {limit:g}: write 0.05 for 5 %"
    return ""


def _near(name: str) -> set[str]:
    """The words that the grammar could have meant, with the subject that was written."""
    parts = name.split("_")
    subjects = {"_".join(parts[1:end]) for end in range(2, len(parts) + 1)} - {""}
    drifts = {f"eval_{subject}_drift_max" for subject in subjects}
    return _FIXED | drifts | {f"fairness_{subject}_delta_max" for subject in subjects}
