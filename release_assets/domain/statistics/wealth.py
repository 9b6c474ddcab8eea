"""Who holds how much of the wealth that bets: a row a stream, streams in groups.

All wealth together starts at one. It is released by a schedule that is fixed beforehand, and moves
between the streams of a group only before they bet, so its total stays an e-process: a weighted
average of all streams that needs no list of them in advance (docs/methods.md, E2, E10).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from release_assets.domain.statistics.bets import Array, log_sum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RowIndices = NDArray[np.intp]
StreamT = TypeVar("StreamT", bound="tuple[str, ...]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A row of `width` numbers a stream, of eight bytes each; frozen, compared bit by bit."""

    width: int
    packed: bytes = b""

    @property
    def rows(self) -> Array:
        """The numbers, read only, one row a stream."""
        return np.frombuffer(self.packed, dtype="<f8").reshape(-1, self.width)

    def with_rows(self, rows: Array) -> Table:
        """Return the same table with other numbers."""
        packed = np.ascontiguousarray(rows, dtype="<f8").tobytes()
        return Table(width=self.width, packed=packed)


def with_new_streams(
    rows: Array, groups: Sequence[str], new_groups: Sequence[str], log_weights: Array
) -> Array:
    """Return the wealth with a row for each new stream, of an equal share of its group's wealth.

    `rows` are in logs and belong to the streams of `groups`; the rows of the new streams follow,
    with the log shares of their bets in `log_weights`. The total of each group is unchanged.
    """
    # The share is fixed before the new stream's first bet, by what is known then, so the average
    # of the group is an average of e-processes whose weights are predictable.
    held = np.concatenate([rows, np.full((len(new_groups), log_weights.shape[1]), -np.inf)])
    every = (*groups, *new_groups)
    for group in dict.fromkeys(new_groups):
        members = [at for at, name in enumerate(every) if name == group]
        old = [at for at in members if at < len(groups)]
        share = log_sum(held[old].ravel()) - np.log(len(members))
        held[old] += np.log(max(1, len(old)) / len(members))
        for at in members[len(old) :]:
            held[at] = share + log_weights[at - len(groups)]
    return held


def with_wealth_added(
    rows: Array,
    own: RowIndices,
    groups: Sequence[str],
    log_weights: Array,
    waiting: Mapping[str, float],
) -> tuple[Array, dict[str, float]]:
    """Hand out each group's waiting wealth, in equal parts, to its streams that bet now.

    `own` are the rows of those streams, `groups` and `log_weights` their groups and the log shares
    of their bets. Returns the wealth, and what still waits: that of the groups that do not bet.
    """
    betting = Counter(groups)
    shares = {group: waiting.get(group, 0.0) / n for group, n in betting.items()}
    held = rows.copy()
    with np.errstate(divide="ignore"):  # the log of nothing is minus infinity
        logs = np.log([shares[group] for group in groups])
    held[own] = np.logaddexp(held[own], log_weights + logs[:, None])
    return held, {group: wealth for group, wealth in waiting.items() if group not in betting}


def named_by_e_bh(e_values: Mapping[StreamT, float], alpha: float) -> tuple[StreamT, ...]:
    """Return the streams that the e-Benjamini-Hochberg procedure names, strongest first.

    Its false discovery rate is alpha at most under any dependence (docs/methods.md, R5).
    """
    ranked = sorted(e_values, key=lambda stream: (-e_values[stream], stream))
    total = len(ranked)
    passing = [k for k, stream in enumerate(ranked, 1) if e_values[stream] * k * alpha >= total]
    return tuple(ranked[: max(passing, default=0)])
