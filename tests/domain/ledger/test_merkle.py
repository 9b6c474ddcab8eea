"""The tree of RFC 6962: known answers, every size to 69, and proofs that cannot be bent."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_assets.domain.ledger.merkle import (
    EMPTY_ROOT,
    extend,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks_of,
    root_hash,
    root_of,
)

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]
ROOTS = [root_hash(LEAVES[:size]) for size in range(70)]

# The eight inputs and roots of certificate-transparency-go's reference tests for RFC 6962.
KNOWN_INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def slow_root(leaves):
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return node_hash(slow_root(leaves[:cut]), slow_root(leaves[cut:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference_implementation(size):
    leaves = [leaf_hash(bytes.fromhex(text)) for text in KNOWN_INPUTS[:size]]

    assert root_hash(leaves).hex() == KNOWN_ROOTS[size - 1]


@pytest.mark.parametrize("size", range(70))
def test_the_root_is_that_of_the_definition(size):
    assert ROOTS[size] == slow_root(LEAVES[:size])


@pytest.mark.parametrize("size", range(70))
def test_there_is_a_peak_for_each_one_bit_of_the_size(size):
    assert len(peaks_of(LEAVES[:size])) == size.bit_count()


@pytest.mark.parametrize("size", range(69))
def test_appending_to_the_peaks_is_building_anew(size):
    peaks = peaks_of(LEAVES[:size])

    assert extend(peaks, size, LEAVES[size]) == peaks_of(LEAVES[: size + 1])
    assert root_of(peaks) == ROOTS[size]


@pytest.mark.parametrize("size", range(70))
def test_every_leaf_of_every_tree_is_shown_to_be_in_it(size):
    for index in range(size):
        proof = inclusion_proof(LEAVES[:size], index)

        assert len(proof) <= 7
        assert included(index, size, proof)
        assert not included(index, size, proof, leaf=leaf_hash(b"other"))
        assert not included(index, size, (*proof, EMPTY_ROOT))
        assert not proof or not included(index, size, proof[:-1])


@given(st.data())
def test_no_damaged_proof_of_inclusion_is_believed(data):
    size = data.draw(st.integers(2, 69))
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(LEAVES[:size], index))
    proof[data.draw(st.integers(0, len(proof) - 1))] = data.draw(
        st.binary(min_size=32, max_size=32)
    )

    assert included(index, size, proof) is (proof == list(inclusion_proof(LEAVES[:size], index)))


@given(st.data())
def test_a_leaf_is_at_no_other_place(data):
    size = data.draw(st.integers(2, 69))
    index, other = data.draw(
        st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True)
    )
    proof = inclusion_proof(LEAVES[:size], index)

    assert not included(other, size, proof, leaf=LEAVES[index])


def test_a_leaf_is_never_a_node():
    """The two children of a root cannot be handed in as one leaf."""
    left, right = LEAVES[:2]

    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1)])
def test_a_leaf_outside_the_tree_has_no_proof(size, index):
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES[:size], index)
    assert not included(index, size, (), leaf=LEAVES[0])


def included(index, size, proof, leaf=None):
    root, own = ROOTS[size], LEAVES[index]
    return includes(leaf=leaf or own, index=index, size=size, root=root, proof=proof)
