"""Who holds how much of the betting capital: a row a stream, groups by the key's first word.

All capital together starts at one. It is handed out by a schedule that is fixed beforehand (E2),
and moves between the streams of a group only before they bet, so its total stays an e-process:
a weighted average of all streams (E10; Vovk and Wang 2021) that needs no list of them in advance.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from release_assets.domain.statistics.bets import Array, log_sum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Key = tuple[str, ...]
Seats = NDArray[np.intp]  # the rows of some streams


def pack(numbers: Array, *, is_evidence: bool) -> bytes:
    """Numbers as bytes, four each, the same on every machine.

    Evidence is rounded down, so that nobody ever holds more than was earned; sums are rounded to
    the nearest. A thousand looks lose less than a thousandth of an evidence this way.
    """
    packed = np.ascontiguousarray(numbers, dtype="<f4")
    if is_evidence:
        packed = np.where(packed > numbers, np.nextafter(packed, np.float32(-np.inf)), packed)
    return packed.tobytes()


def as_text(packed: bytes) -> str:
    """Packed numbers as text: exact, and no float meets a JSON writer."""
    return base64.b64encode(packed).decode("ascii")


def from_text(text: str) -> bytes:
    """The inverse of `as_text`."""
    return base64.b64decode(text, validate=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A row of numbers per stream, of four bytes each; frozen, compared bit by bit."""

    packed: bytes = b""
    width: int = 12
    is_evidence: bool = True

    @property
    def rows(self) -> Array:
        """A copy, one row a stream."""
        return np.frombuffer(self.packed, dtype="<f4").astype(np.float64).reshape(-1, self.width)

    def with_rows(self, rows: Array) -> Table:
        """The same table with other numbers."""
        packed = pack(rows, is_evidence=self.is_evidence)
        return Table(packed=packed, width=self.width, is_evidence=self.is_evidence)


def with_newcomers(rows: Array, streams: Sequence[Key], fresh: Mapping[Key, Array]) -> Array:
    """Let new streams buy in at an equal share of what their group holds now.

    `rows` are those of `streams`; `fresh` holds the log shares of each newcomer's bets, and their
    rows follow in its order. The total of each group is unchanged.
    """
    held = np.concatenate([rows, np.full((len(fresh), rows.shape[1]), -np.inf)])
    every = (*streams, *fresh)
    for group in dict.fromkeys(key[0] for key in fresh):
        members = [at for at, key in enumerate(every) if key[0] == group]
        old = [at for at in members if at < len(streams)]
        share = log_sum(held[old].ravel()) - np.log(len(members))
        held[old] += np.log(max(1, len(old)) / len(members))
        for at in members[len(old) :]:
            held[at] = share + fresh[every[at]]
    return held


def with_deposits(
    rows: Array, own: Seats, keys: Sequence[Key], log_weights: Array, deposits: Mapping[str, float]
) -> tuple[Array, dict[str, float]]:
    """Hand each group's deposit, in equal parts, to those of its streams that bet now.

    `own` are the rows of `keys`, the streams that bet now, with the log shares of their bets in
    `log_weights`. Returns the capital, and the deposits of groups that do not bet, which wait.
    """
    groups = [key[0] for key in keys]
    betting = Counter(groups)
    shares = {group: deposits.get(group, 0.0) / n for group, n in betting.items()}
    held = rows.copy()
    with np.errstate(divide="ignore"):  # no deposit is minus infinity
        logs = np.log([shares[group] for group in groups])
    held[own] = np.logaddexp(held[own], log_weights + logs[:, None])
    return held, {group: amount for group, amount in deposits.items() if group not in betting}


def named_by_e_bh(e_values: Mapping[Key, float], alpha: float) -> tuple[Key, ...]:
    """The streams an e-Benjamini-Hochberg procedure names, strongest first (Wang and Ramdas 2022).

    Its false discovery rate is alpha at most under any dependence.
    """
    ranked = sorted(e_values, key=lambda key: (-e_values[key], key))
    total = len(ranked)
    passing = [k for k, key in enumerate(ranked, 1) if e_values[key] * k * alpha >= total]
    return tuple(ranked[: max(passing, default=0)])
