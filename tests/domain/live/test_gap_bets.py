"""Slices and their ordered pairs, all at once, grow as each does when bet on by itself."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.live.bets import Growth, drop_bet
from release_assets.domain.live.gap_bets import slice_growth
from release_assets.domain.live.streams import Bounds, Stream
from release_assets.domain.rollout.slo import read_slo
from release_assets.domain.statistics.bets import DIFFERENCE, PROOF, Bet, log_growth
from release_assets.domain.statistics.blocks import balanced

GAP = read_slo("fairness_locale_delta_max", 0.04)
MARGIN = 0.06
ALONE = Bounds(tolerated=0.03, margin=0.08)
SIDES = st.lists(
    st.tuples(*[st.sampled_from((0.0, 0.25, 0.5, 1.0))] * 2), min_size=1, max_size=9
).map(lambda rows: tuple(np.asarray(side) for side in zip(*rows, strict=True)))
NAMES = st.sampled_from(("de", "en", "fr", "ja"))
SLICES = st.dictionaries(NAMES, SIDES, min_size=1).map(lambda slices: dict(sorted(slices.items())))


def grown(slices):
    gap = Bounds(tolerated=GAP.tolerated, margin=MARGIN)
    return slice_growth(GAP, "groundedness", slices, alone=ALONE, gap=gap)


def one_pair(worse, better):
    """Growth against, growth for, and the sums of one pair, the long way round."""
    one, other = balanced(*(stable - candidate for candidate, stable in (worse, better)))
    half, margin = GAP.tolerated / 2, MARGIN / 2
    against = Bet(
        gains=np.concatenate([one - half, -other - half]), bound=1 + half, grid=DIFFERENCE
    )
    proof = Bet(gains=np.concatenate([margin - one, margin + other]), bound=1 - margin, grid=PROOF)
    n = len(one)
    spread = (one**2).sum() + (other**2).sum() - 2 * one.sum() * other.sum() / n
    sums = [n, one.sum() - other.sum(), spread, one.sum(), other.sum()]
    return log_growth([against])[0], log_growth([proof])[0], sums


@settings(deadline=None)
@given(SLICES)
def test_each_pair_is_bet_on_as_if_it_were_alone(slices):
    found = grown(slices)
    pairs = list(permutations(slices, 2))
    assert [stream[3:] for stream in found.streams[len(slices) :]] == pairs
    for at, (worse, better) in enumerate(pairs, len(slices)):
        against, proof, sums = one_pair(slices[worse], slices[better])
        assert found.against[at] == pytest.approx(against)
        assert found.proof[at] == pytest.approx(proof)
        assert found.sums[at] == pytest.approx(sums)


@settings(deadline=None)
@given(SLICES)
def test_each_slice_is_bet_on_as_if_it_were_alone(slices):
    found = grown(slices)
    for at, (name, sides) in enumerate(slices.items()):
        stream = Stream("fairness locale delta max", "groundedness", "drop", name)
        assert found.streams[at] == stream
        alone = Growth.of([drop_bet(stream, ALONE, sides)])
        assert found.log_weights[at].tolist() == alone.log_weights[0].tolist()
        assert found.against[at] == pytest.approx(alone.against[0])
        assert found.proof[at] == pytest.approx(alone.proof[0])
        assert found.sums[at] == pytest.approx(alone.sums[0])


def test_one_slice_alone_opens_no_gap():
    (only,) = grown({"de": (np.ones(3), np.ones(3))}).streams
    assert (only.kind, only.slice) == ("drop", "de")


@settings(deadline=None)
@given(SIDES, SIDES)
def test_a_gap_is_never_evidence_in_both_directions(worse, better):
    """Whatever one ordered pair earns against the release, its mirror loses as much or more."""
    _, _, one, other = grown({"de": worse, "en": better}).against
    assert (one + other <= 1e-12).all()


def test_what_all_slices_lose_alike_is_no_gap():
    both = (np.full(50, 0.5), np.full(50, 1.0))
    assert (grown({"de": both, "en": both}).against[2:] < 0).all()
