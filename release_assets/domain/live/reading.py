"""What the windows of one state hold of one stream: its sums, and the evidence for the release.

Reads only; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.bets import Sums
from release_assets.domain.statistics.bets import PROOF, evidence
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF, WHOLE, by_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.finding import Finding
    from release_assets.domain.live.state import Faults, LiveState
    from release_assets.domain.live.streams import Stream

NEEDED_FOR = 1 / PROOF_ALPHA
_LEGIBLE = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One finding, and how much evidence there is for the release in its weakest stream."""

    finding: Finding
    evidence_for: float | None = None


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


def amount(of_evidence: float) -> str:
    """Return evidence as a reader wants it, without meaningless digits."""
    if of_evidence > _LEGIBLE:
        return f"more than {_LEGIBLE:.0f}"
    return f"{of_evidence:.1f}" if of_evidence < NEEDED_FOR else f"{of_evidence:.0f}"
