"""Who holds how much of the betting capital: streams by key, groups by the key's first word.

All capital together starts at one. It is handed out by a schedule that is fixed beforehand (E2),
and moves between the streams of a group only before they bet, so its total stays an e-process:
a weighted average of all streams (E10; Vovk and Wang 2021) that needs no list of them in advance.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from release_assets.domain.statistics.bets import Array, log_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Key = tuple[str, ...]


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

    keys: tuple[Key, ...] = ()
    packed: bytes = b""
    width: int = 12
    is_evidence: bool = True

    @property
    def rows(self) -> Array:
        """A copy, one row a key."""
        numbers = np.frombuffer(self.packed, dtype="<f4").astype(np.float64)
        return numbers.reshape(len(self.keys), self.width)

    def with_rows(self, rows: Array, keys: tuple[Key, ...] | None = None) -> Table:
        """The same table with other numbers, and other keys where given."""
        return Table(
            keys=self.keys if keys is None else keys,
            packed=pack(rows, is_evidence=self.is_evidence),
            width=self.width,
            is_evidence=self.is_evidence,
        )

    def of_group(self, group: str) -> list[int]:
        """The positions of a group's streams."""
        return [at for at, key in enumerate(self.keys) if key[0] == group]

    def document(self) -> dict[str, Any]:
        """The JSON form, without floats."""
        return {
            "keys": [list(key) for key in self.keys],
            "numbers": as_text(self.packed),
            "width": self.width,
            "is_evidence": self.is_evidence,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Table:
        """The inverse of `document`."""
        keys = tuple(tuple(key) for key in document["keys"])
        return cls(
            keys=keys,
            packed=from_text(document["numbers"]),
            width=document["width"],
            is_evidence=document["is_evidence"],
        )


def places(known: Iterable[Key], keys: Iterable[Key]) -> list[int]:
    """The positions of some of the known streams."""
    place = {key: at for at, key in enumerate(known)}
    return [place[key] for key in keys]


def with_newcomers(capital: Table, keys: Sequence[Key], log_weights: Array) -> Table:
    """Let new streams buy in at an equal share of what their group holds now.

    `log_weights` has a row for each of `keys`, the log shares of its bets; streams that are known
    already change nothing. The total of each group is unchanged.
    """
    known = set(capital.keys)
    fresh = {key: row for key, row in zip(keys, log_weights, strict=True) if key not in known}
    if not fresh:
        return capital
    rows, newcomers = capital.rows, sorted(fresh)
    joined = [
        _buy_in(rows, capital.of_group(group), [k for k in newcomers if k[0] == group], fresh)
        for group in dict.fromkeys(key[0] for key in newcomers)
    ]
    return capital.with_rows(np.vstack([rows, *joined]), keys=(*capital.keys, *newcomers))


def _buy_in(rows: Array, old: list[int], new: list[Key], weights: Mapping[Key, Array]) -> Array:
    held = log_sum(rows[old].ravel()) if old else -np.inf
    seats = len(old) + len(new)
    if old:
        rows[old] += np.log(len(old) / seats)
    return np.vstack([held - np.log(seats) + weights[key] for key in new])


def with_deposits(
    capital: Table, deposits: Mapping[str, float], keys: Sequence[Key], log_weights: Array
) -> tuple[Table, dict[str, float]]:
    """Hand each group's deposit, in equal parts, to those of its streams that bet now.

    `keys` are the streams that bet now, with the log shares of their bets in a row each. Returns
    the capital, and the deposits of groups without such a stream, which wait.
    """
    members: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        members.setdefault(key[0], []).append(at)
    rows, seats = capital.rows, np.asarray(places(capital.keys, keys), dtype=np.intp)
    for group, betting in members.items():
        if (amount := deposits.get(group, 0.0)) > 0:
            own, share = seats[betting], np.log(amount / len(betting))
            rows[own] = np.logaddexp(rows[own], log_weights[betting] + share)
    waiting = {group: amount for group, amount in deposits.items() if group not in members}
    return capital.with_rows(rows), waiting


def with_growth(capital: Table, keys: Iterable[Key], growth: Array) -> Table:
    """Multiply the capital of some streams by what their bets earned."""
    rows = capital.rows
    rows[places(capital.keys, keys)] += growth
    return capital.with_rows(rows)


def named_by_e_bh(e_values: Mapping[Key, float], alpha: float) -> tuple[Key, ...]:
    """The streams an e-Benjamini-Hochberg procedure names, strongest first (Wang and Ramdas 2022).

    Its false discovery rate is alpha at most under any dependence.
    """
    ranked = sorted(e_values, key=lambda key: (-e_values[key], key))
    total = len(ranked)
    passing = [k for k, key in enumerate(ranked, 1) if e_values[key] * k * alpha >= total]
    return tuple(ranked[: max(passing, default=0)])
