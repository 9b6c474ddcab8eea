"""What one look gives each stream: a bet against the release, a bet for it, and the sums shown.

Decides the null and the bound of each bet. Refuses to know wealth, windows and verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from release_assets.domain.live.streams import MISSING_TOLERATED, counted, missing_stream, stream_of
from release_assets.domain.rollout.metrics import Counted
from release_assets.domain.statistics.bets import DIFFERENCE, LEVEL, PROOF, Array, Bet, log_growth
from release_assets.domain.statistics.counts import rate_bet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.live.scores import Scores, Sides
    from release_assets.domain.live.streams import Bounds, Stream
    from release_assets.domain.live.traffic import CallCounts, LiveBatch
    from release_assets.domain.rollout.slo import Slo

BETS_AGAINST, BETS_FOR = len(DIFFERENCE.fractions), len(PROOF.fractions)
NO_BET = Bet(gains=np.zeros(0), bound=1.0, grid=PROOF)  # for what can be refuted, never proven
_MOST = 1e9  # usd or ms of one call; more is no amount of either


class Sums(NamedTuple):
    """Sums over some observations of one stream.

    For drops `first` and `second` are the sums of candidate and stable scores, for counts and
    amounts stable's n and sum.
    """

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    first: float = 0.0
    second: float = 0.0

    @property
    def mean(self) -> float:
        """The mean observation, or zero without any."""
        return self.total / self.n if self.n else 0.0


class StreamBet(NamedTuple):
    """What one look gives one stream: what it saw, and a bet against and one for the release."""

    stream: Stream
    sums: Sums
    against: Bet
    proof: Bet = NO_BET


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """What one look adds to some streams: a row of numbers each, ready to be added to the state.

    `log_weights` are the shares of wealth on each bet against the release, `against` and `proof`
    how much the bets against it and for it grew, in logs.
    """

    streams: tuple[Stream, ...]
    log_weights: Array
    against: Array
    proof: Array
    sums: Array

    @classmethod
    def of(cls, bets: Sequence[StreamBet]) -> Growth:
        """Let some bets win or lose, all at once; there is at least one."""
        return cls(
            streams=tuple(bet.stream for bet in bets),
            log_weights=np.asarray([bet.against.grid.log_weights for bet in bets]),
            against=log_growth([bet.against for bet in bets]),
            proof=log_growth([bet.proof for bet in bets]),
            sums=np.asarray([bet.sums for bet in bets], dtype=np.float64),
        )

    @classmethod
    def together(cls, parts: Sequence[Growth]) -> Growth:
        """Join the rows of all parts; there is at least one."""
        return cls(
            streams=tuple(stream for part in parts for stream in part.streams),
            log_weights=np.concatenate([part.log_weights for part in parts]),
            against=np.concatenate([part.against for part in parts]),
            proof=np.concatenate([part.proof for part in parts]),
            sums=np.concatenate([part.sums for part in parts]),
        )


def slo_bet(
    slo: Slo, bounds: Bounds, batch: LiveBatch, scored: Mapping[str, Scores]
) -> StreamBet | None:
    """Return the bet of an SLO's one stream, with what the batch has for it."""
    if slo.metric.is_scored:
        own = scored.get(slo.subject or "")
        return None if own is None else _on_scores(slo, bounds, own)
    return _on_amounts(slo, batch) if slo.metric.counted is Counted.MEAN else _on_counts(slo, batch)


def missing_bet(scorer: str, own: Scores) -> StreamBet:
    """Return the bet on "the candidate's answers are harder to score than stable's"."""
    lacks = own.missing.means()
    bet = Bet(gains=lacks - MISSING_TOLERATED, bound=1 + MISSING_TOLERATED, grid=DIFFERENCE)
    return StreamBet(missing_stream(scorer), _sums(lacks), bet)


def _on_scores(slo: Slo, bounds: Bounds, own: Scores) -> StreamBet:
    if slo.metric.counted is Counted.DROP:
        return drop_bet(stream_of(slo), bounds, own.compared.sides())
    levels = own.levels.means()
    bet = Bet(gains=slo.limit - levels, bound=1 - slo.limit, grid=LEVEL)
    return StreamBet(stream_of(slo), _sums(levels), bet)


def drop_bet(stream: Stream, bounds: Bounds, sides: Sides) -> StreamBet:
    """Return the bet on a drop, one observation a unit (docs/methods.md, E4).

    Against the release it bets on "more than tolerated", for it on "less than the margin".
    """
    candidate, stable = sides
    lost, tolerated, margin = stable - candidate, bounds.tolerated, bounds.margin
    against = Bet(gains=lost - tolerated, bound=1 + tolerated, grid=DIFFERENCE)
    proof = Bet(gains=margin - lost, bound=1 - margin, grid=PROOF)
    sums = _sums(lost)._replace(first=_total(candidate), second=_total(stable))
    return StreamBet(stream, sums, against, proof)


def _on_amounts(slo: Slo, batch: LiveBatch) -> StreamBet:
    """Return the bet on a mean without an upper bound, which can be refuted, but not proven."""
    ours, theirs = (_amounts(slo, calls) for calls in (batch.candidate, batch.stable))
    bet = Bet(gains=ours - slo.tolerated, bound=slo.tolerated, grid=LEVEL)
    sums = _sums(ours)._replace(first=float(len(theirs)), second=_total(theirs))
    return StreamBet(stream_of(slo), sums, bet)


def _amounts(slo: Slo, calls: CallCounts) -> Array:
    """Return the costs or latencies of single calls that can be amounts, sorted."""
    every = np.asarray(getattr(calls, slo.metric.among), dtype=np.float64)
    return np.sort(every[(every >= 0) & (every <= _MOST)])  # false for NaN


def _on_counts(slo: Slo, batch: LiveBatch) -> StreamBet:
    (events, n), stable = counted(slo, batch.candidate), counted(slo, batch.stable)
    sums = Sums(n, events, events, first=stable[1], second=stable[0])
    return StreamBet(stream_of(slo), sums, rate_bet(events, n, slo.allowed_share))


def _sums(values: Array) -> Sums:
    return Sums(float(len(values)), _total(values), _total(values**2))


def _total(values: Array) -> float:
    return float(np.add.reduce(values))  # as values.sum(), in half the time
