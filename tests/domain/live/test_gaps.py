"""Slices and their ordered pairs, all at once, say the same as each bet on by itself."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_assets.domain.live.bets import drop_contribution
from release_assets.domain.live.gaps import slice_offers
from release_assets.domain.live.margins import Bounds
from release_assets.domain.live.offers import offers_of
from release_assets.domain.rollout.slo import read_slo
from release_assets.domain.statistics.bets import DIFFERENCE, PROOF, Wager, log_growth
from release_assets.domain.statistics.blocks import balanced

GAP = read_slo("fairness_locale_delta_max", 0.04)
MARGIN = 0.06
ALONE = Bounds(tolerated=0.03, margin=0.08)
SIDES = st.lists(
    st.tuples(*[st.sampled_from((0.0, 0.25, 0.5, 1.0))] * 2), min_size=1, max_size=9
).map(lambda rows: tuple(np.asarray(side) for side in zip(*rows, strict=True)))
NAMES = st.sampled_from(("de", "en", "fr", "ja"))
SLICES = st.dictionaries(NAMES, SIDES, min_size=1).map(lambda slices: dict(sorted(slices.items())))


def offered(slices):
    gap = Bounds(tolerated=GAP.tolerated, margin=MARGIN)
    return slice_offers(GAP, "groundedness", slices, alone=ALONE, gap=gap)


def one_pair(worse, better):
    """Growth against, growth for, and the sums of one pair, the long way round."""
    one, other = balanced(*(stable - candidate for candidate, stable in (worse, better)))
    half, margin = GAP.tolerated / 2, MARGIN / 2
    against = Wager(
        key=(),
        gains=np.concatenate([one - half, -other - half]),
        reach=1 + half,
        grid=DIFFERENCE,
    )
    proof = Wager(
        key=(), gains=np.concatenate([margin - one, margin + other]), reach=1 - margin, grid=PROOF
    )
    n = len(one)
    spread = (one**2).sum() + (other**2).sum() - 2 * one.sum() * other.sum() / n
    sums = [n, one.sum() - other.sum(), spread, one.sum(), other.sum()]
    return log_growth([against])[0], log_growth([proof])[0], sums


@settings(deadline=None)
@given(SLICES)
def test_each_pair_is_bet_on_as_if_it_were_alone(slices):
    found = offered(slices)
    pairs = list(permutations(slices, 2))
    assert [key[3:] for key in found.keys[len(slices) :]] == pairs
    for at, (worse, better) in enumerate(pairs, len(slices)):
        against, proof, sums = one_pair(slices[worse], slices[better])
        assert found.grown[at] == pytest.approx(against)
        assert found.earned[at] == pytest.approx(proof)
        assert found.tallies[at] == pytest.approx(sums)


@settings(deadline=None)
@given(SLICES)
def test_each_slice_is_bet_on_as_if_it_were_alone(slices):
    found = offered(slices)
    for at, (name, sides) in enumerate(slices.items()):
        assert found.keys[at] == ("fairness locale delta max", "groundedness", "drop", name)
        alone = offers_of(drop_contribution(found.keys[at], ALONE.tolerated, ALONE.margin, sides))
        assert found.log_weights[at].tolist() == alone.log_weights[0].tolist()
        assert found.grown[at] == pytest.approx(alone.grown[0])
        assert found.earned[at] == pytest.approx(alone.earned[0])
        assert found.tallies[at] == pytest.approx(alone.tallies[0])


def test_one_slice_alone_opens_no_gap():
    (only,) = offered({"de": (np.ones(3), np.ones(3))}).keys
    assert only[2:] == ("drop", "de")


@settings(deadline=None)
@given(SIDES, SIDES)
def test_a_gap_never_speaks_for_both_directions(worse, better):
    """Whatever one ordered pair earns against the release, its mirror loses as much or more."""
    _, _, one, other = offered({"de": worse, "en": better}).grown
    assert (one + other <= 1e-12).all()


def test_what_all_slices_lose_alike_is_no_gap():
    both = (np.full(50, 0.5), np.full(50, 1.0))
    assert (offered({"de": both, "en": both}).grown[2:] < 0).all()
