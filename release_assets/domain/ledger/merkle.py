"""The Merkle tree of RFC 6962, in the form a database can keep: a few peaks after each leaf.

Decides whether a leaf is in a tree. Knows nothing of entries: leaves are hashes. A *compact range*
(the peaks) is the list of roots of the largest perfect subtrees, left to right: one for each
one-bit of the size, so 17 hashes for 100,000 leaves, and all that is needed to append and to
compute the root (RFC 6962 section 2.1; RFC 9162).
"""

from __future__ import annotations

import hashlib
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Peaks = tuple[bytes, ...]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; the prefix keeps a node from being taken for a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(peaks: Peaks, size: int, leaf: bytes) -> Peaks:
    """Return the peaks of a tree of `size` leaves after one more leaf."""
    # Peaks are the one-bits of the size. Adding a leaf is adding one in binary: each trailing
    # one-bit is a perfect subtree that pairs up with what was merged so far, and carries.
    merged, left = leaf, list(peaks)
    while size & 1:
        merged = node_hash(left.pop(), merged)
        size >>= 1
    return (*left, merged)


def peaks_of(leaves: Iterable[bytes]) -> Peaks:
    """Return the peaks of a tree with these leaves."""
    peaks: Peaks = ()
    for size, leaf in enumerate(leaves):
        peaks = extend(peaks, size, leaf)
    return peaks


def root_of(peaks: Peaks) -> bytes:
    """Return the root of the tree with these peaks."""
    if not peaks:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree with these leaves."""
    return root_of(peaks_of(leaves))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes from the leaf at `index` (from 0) to the root, lowest first."""
    if not 0 <= index < len(leaves):
        message = f"a tree of {len(leaves)} leaves has no leaf {index}"
        raise IndexError(message)
    if len(leaves) == 1:
        return ()
    cut = _split(len(leaves))
    if index < cut:
        return (*inclusion_proof(leaves[:cut], index), root_hash(leaves[cut:]))
    return (*inclusion_proof(leaves[cut:], index - cut), root_hash(leaves[:cut]))


def includes(*, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows this leaf at `index` of the tree (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    # `node` is our place on a level, `last` the level's last place. A right child, or the last node
    # of a level, has its sibling on the left; a last node without a sibling goes up unchanged until
    # it is a right child, since an unbalanced tree hashes it only there.
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            node, last = _climb_from_right(node, last)
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def _climb_from_right(node: int, last: int) -> tuple[int, int]:
    while not node & 1 and node:
        node, last = node >> 1, last >> 1
    return node, last


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
