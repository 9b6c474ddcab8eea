"""What the windows of one state hold of one stream: sums, evidence, and both as a finding.

Decides how a stream is shown to a reader: value, limit, interval and sentence. Refuses to decide
whether it holds (`drops.py`, `levels.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.finding import Finding
from release_assets.domain.live.bets import Sums
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics import intervals
from release_assets.domain.statistics.bets import PROOF, evidence
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF, WHOLE, by_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from release_assets.domain.finding import Outcome
    from release_assets.domain.live.scores import Faults
    from release_assets.domain.live.state import LiveState
    from release_assets.domain.live.streams import Stream
    from release_assets.domain.rollout.slo import Slo

NEEDED_FOR = 1 / PROOF_ALPHA
_LEGIBLE = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SloReading:
    """One finding, and the evidence for the release in its weakest stream that must be proven."""

    finding: Finding
    evidence_for: float = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a canary stage has shown of its streams up to now: sums by window, and evidence.

    `place` holds the rows of the streams that the stage has seen. `evidence_for` the release is
    the weaker of two: on the whole stage, and on its second half.
    """

    faults: Mapping[str, Faults]
    place: Mapping[Stream, int]
    windows: Sequence[Sequence[Sequence[float]]]
    evidence_for: Sequence[float]

    @classmethod
    def of(cls, state: LiveState) -> Shown:
        """Read what is remembered."""
        windows = by_window(state.sums).tolist()
        seen = zip(state.streams, windows, strict=False)
        logs = np.logaddexp.reduce(by_window(state.proofs) + PROOF.log_weights, axis=2)
        return cls(
            faults=state.faults,
            place={stream: at for at, (stream, sums) in enumerate(seen) if sums[WHOLE][0]},
            windows=windows,
            evidence_for=[evidence(log) for log in logs[:, (WHOLE, HALF)].min(axis=1).tolist()],
        )

    def sums(self, stream: Stream, window: int = WHOLE) -> Sums:
        """Return the sums of one stream in one window; zeros where it was not seen."""
        at = self.place.get(stream)
        return Sums() if at is None else Sums(*self.windows[at][window])

    def proof(self, stream: Stream) -> float:
        """Return the evidence for the release in one stream; one where it was not seen."""
        at = self.place.get(stream)
        return 1.0 if at is None else self.evidence_for[at]

    def most(self, streams: Iterable[Stream]) -> float:
        """Return the most observations that any of these streams has in this stage."""
        return max((self.sums(stream).n for stream in streams), default=0.0)

    @property
    def scored(self) -> int:
        """The most scored observations that any scorer's own SLO has in this stage."""
        own = (s for s in self.place if s.scorer and s.kind in {"drop", "level"} and not s.slice)
        return int(self.most(own))

    def finding(self, slo: Slo, stream: Stream, outcome: Outcome, *clauses: str) -> Finding:
        """Return the finding on one stream of an SLO: what was seen, then why the outcome."""
        seen = self.sums(stream)
        return Finding(
            rule=slo.name,
            outcome=outcome,
            because="; ".join([_sentence(slo, stream, seen), *filter(None, clauses)]),
            observed=seen.mean if seen.n else None,
            limit=slo.allowed_share,
            n=int(seen.n),
            interval=_interval(slo, stream, seen),
            slice=stream.slice or None,
            scorer=stream.scorer or None,
        )


def _interval(slo: Slo, stream: Stream, seen: Sums) -> tuple[float, float] | None:
    """Return the interval at 95 %; a gap of two drops spans [-2, 2], so it is that of its half."""
    if stream.kind == "level":
        if slo.metric.is_averaged:
            return intervals.of_mean(seen.total, seen.squares, seen.n)
        return intervals.of_rate(seen.total, seen.n)
    parts = 2 if stream.kind == "gap" else 1
    found = intervals.of_difference(seen.total / parts, seen.squares / parts**2, seen.n)
    return found and (parts * found[0], parts * found[1])


def _sentence(slo: Slo, stream: Stream, seen: Sums) -> str:
    """Return what was seen beside the limit, with the number of observations."""
    if stream.kind == "level":
        return _level_sentence(slo, seen)
    of, digits = slo.metric.of, slo.metric.digits
    is_slice = stream.kind == "drop" and stream.slice
    what = f"{stream.scorer} in {stream.slice}" if is_slice else stream.scorer
    if not seen.n:
        return f"{what}: no scored pair in this canary stage"
    first, second = (f"{total / seen.n:.{digits}f}" for total in (seen.first, seen.second))
    if stream.kind == "gap":
        return (
            f"{stream.scorer} lost {first} in {stream.slice} and {second} in {stream.other} on"
            f" {seen.n:.0f} {of} of each, gap {seen.mean:.3f}, limit {slo.limit:.3f}"
        )
    return (
        f"{what} {first} against stable {second} on {seen.n:.0f} {of}, drop {seen.mean:.3f},"
        f" limit {slo.limit:.3f}"
    )


def _level_sentence(slo: Slo, seen: Sums) -> str:
    row, n, limit = slo.metric, f"{seen.n:.0f} {slo.metric.of}", f"limit {slo.limit:g}"
    beside = f" (stable {seen.second / seen.first:.{row.digits}f})" if seen.first else ""
    if not seen.n:
        return f"{slo.noun}: nothing was counted in this canary stage"
    if row.counted is Counted.MEAN:
        return f"{slo.noun} {seen.mean:.{row.digits}f} {row.unit} a call on {n}, {limit}" + beside
    if row.counted is Counted.PERCENTILE:
        slow = f"{seen.mean:.1%} of {n} took longer than {slo.limit:g} ms"
        return f"{slow}, {slo.allowed_share:.0%} allowed" + beside
    if row.counted is Counted.SCORE:
        return f"{slo.noun} {seen.mean:.{row.digits}f} on {n}, least {slo.limit:g}"
    return f"{slo.noun} {seen.mean:.{row.digits}f} ({seen.total:.0f} of {n}), {limit}" + beside


def amount(of_evidence: float) -> str:
    """Return evidence as a reader wants it, without meaningless digits."""
    if of_evidence > _LEGIBLE:
        return f"more than {_LEGIBLE:.0f}"
    return f"{of_evidence:.1f}" if of_evidence < NEEDED_FOR else f"{of_evidence:.0f}"
