"""What the windows of one state say about one stream: its sums, and the evidence for it.

Reads only; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_assets.domain.statistics.bets import PROOF, Array, evidence, log_sum
from release_assets.domain.statistics.information import PROOF_ALPHA
from release_assets.domain.statistics.windows import HALF, WHOLE, window

if TYPE_CHECKING:
    from release_assets.domain.live_state import LiveState
    from release_assets.domain.statistics.capital import Key
    from release_assets.domain.verdict import Finding

NEEDED_FOR = 1 / PROOF_ALPHA
_LEGIBLE = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One finding, and how much evidence speaks for the release in its weakest stream."""

    finding: Finding
    evidence_for: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
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


def tally(state: LiveState, key: Key, which: int = WHOLE) -> Tally:
    """The sums of one stream in one window of this canary stage."""
    row = window(state.sums, key, which)
    if row is None:
        return Tally()
    n, total, squares, first, second = row.tolist()
    return Tally(n=n, total=total, squares=squares, first=first, second=second)


def proof(state: LiveState, key: Key) -> float:
    """The evidence for the release: the weaker of the whole stage and its second half."""
    rows = [window(state.proofs, key, which) for which in (WHOLE, HALF)]
    return min(_evidence(row) for row in rows)


def _evidence(row: Array | None) -> float:
    return 1.0 if row is None else evidence(log_sum(row + PROOF.log_weights))


def amount(of_evidence: float) -> str:
    """Evidence as a reader wants it: no digits that say nothing."""
    if of_evidence > _LEGIBLE:
        return f"more than {_LEGIBLE:.0f}"
    return f"{of_evidence:.1f}" if of_evidence < NEEDED_FOR else f"{of_evidence:.0f}"
