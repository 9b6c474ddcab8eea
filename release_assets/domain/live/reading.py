"""What the windows of one state say about one stream: its sums, and the evidence for it.

Reads only; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from release_assets.domain.statistics.bets import PROOF, evidence
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF, WHOLE, by_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.finding import Finding
    from release_assets.domain.live.state import Faults, LiveState
    from release_assets.domain.statistics.capital import Key

NEEDED_FOR = 1 / PROOF_ALPHA
_LEGIBLE = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One finding, and how much evidence speaks for the release in its weakest stream."""

    finding: Finding
    evidence_for: float | None = None


class Tally(NamedTuple):
    """Sums over one window of one stream; see `live_wagers.Contribution`."""

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    first: float = 0.0
    second: float = 0.0

    @property
    def mean(self) -> float:
        """The mean observation, or zero without any."""
        return self.total / self.n if self.n else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a canary stage has shown of its streams up to now: sums by window, and evidence.

    `place` holds the rows of the streams that the stage has seen. `evidence_for` the release is
    the weaker of two: on the whole stage, and on its second half.
    """

    faults: Mapping[str, Faults]
    place: Mapping[Key, int]
    sums: Sequence[Sequence[Sequence[float]]]
    evidence_for: Sequence[float]

    @classmethod
    def of(cls, state: LiveState) -> Shown:
        """Read from what is remembered."""
        sums = by_window(state.sums).tolist()
        seen = zip(state.streams, sums, strict=False)
        logs = np.logaddexp.reduce(by_window(state.proofs) + PROOF.log_weights, axis=2)
        return cls(
            faults=state.faults,
            place={key: at for at, (key, windows) in enumerate(seen) if windows[WHOLE][0]},
            sums=sums,
            evidence_for=[evidence(log) for log in logs[:, (WHOLE, HALF)].min(axis=1).tolist()],
        )

    def tally(self, key: Key, which: int = WHOLE) -> Tally:
        """The sums of one stream in one window; zeros where it was not seen."""
        at = self.place.get(key)
        return Tally() if at is None else Tally(*self.sums[at][which])

    def proof(self, key: Key) -> float:
        """The evidence for the release in one stream; one where it was not seen."""
        at = self.place.get(key)
        return 1.0 if at is None else self.evidence_for[at]


def amount(of_evidence: float) -> str:
    """Evidence as a reader wants it: no digits that say nothing."""
    if of_evidence > _LEGIBLE:
        return f"more than {_LEGIBLE:.0f}"
    return f"{of_evidence:.1f}" if of_evidence < NEEDED_FOR else f"{of_evidence:.0f}"
