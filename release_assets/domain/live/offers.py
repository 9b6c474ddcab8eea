"""What one batch adds to all its streams: a row of numbers each, ready to be bet and kept.

Arithmetic only; `live_wagers.py` and `live_gaps.py` decide what is bet on, `live_bets.py` moves
the capital.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain.live.state import EARNED, TALLY
from release_assets.domain.statistics.bets import log_growth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release_assets.domain.live.bets import Contribution
    from release_assets.domain.statistics.bets import Array
    from release_assets.domain.statistics.capital import Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """Rows of `keys`: the log shares that capital starts with, its growth, and the sums.

    `earned` is the growth of the bets for the release: zero where nothing can be proven, as of a
    mean without bounds.
    """

    keys: tuple[Key, ...]
    log_weights: Array
    grown: Array
    tallies: Array
    earned: Array


def offers_of(contributions: Sequence[Contribution]) -> Offers:
    """The rows of some streams."""
    against = [one.against for one in contributions]
    proofs = {at: one.proof for at, one in enumerate(contributions) if one.proof is not None}
    earned = np.zeros((len(contributions), EARNED))
    if proofs:
        earned[list(proofs)] = log_growth(list(proofs.values()))
    width = len(against[0].grid.fractions) if against else 0
    return Offers(
        keys=tuple(wager.key for wager in against),
        log_weights=_rows([wager.grid.log_weights for wager in against], width),
        grown=log_growth(against) if against else np.zeros((0, width)),
        tallies=_rows([one.tally for one in contributions], TALLY),
        earned=earned,
    )


def _rows(rows: Sequence[Sequence[float] | Array], width: int) -> Array:
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), width)


def together(parts: Sequence[Offers]) -> Offers:
    """All rows of the parts that have any; at least one part has."""
    filled = [part for part in parts if part.keys]
    return Offers(
        keys=tuple(key for part in filled for key in part.keys),
        log_weights=np.concatenate([part.log_weights for part in filled]),
        grown=np.concatenate([part.grown for part in filled]),
        tallies=np.concatenate([part.tallies for part in filled]),
        earned=np.concatenate([part.earned for part in filled]),
    )
