"""A sparse Merkle tree: one root over the leaves of a tree with 2**256 places. Pure.

A leaf's place is fixed by its position, bit after bit from the most significant one: 0 goes left.
So there is one place to look for it, and whoever holds the root can be shown that it is there or
that it is not. Hashes are SHA-256 with a first byte for each kind, as in RFC 9162 (section 2.1):

    leaf   SHA-256(00 || position || leaf)       a subtree that holds this one leaf
    node   SHA-256(01 || left || right)          a subtree that holds at least two
    empty  SHA-256(02)                           a subtree that holds none

A subtree with one leaf is that leaf at any height, as in the Jellyfish Merkle tree of Diem, so n
leaves cost some 2.4 n hashes. It names its whole position: at the end of another position's path
it shows that this one is absent, and nothing can be made of it elsewhere. Two proofs that
contradict each other under one root would need a collision of SHA-256.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

SIZE = 32  # bytes of a position, a leaf and a hash
DEPTH = 8 * SIZE
EMPTY = sha256(b"\x02").digest()

Leaves = Mapping[bytes, bytes]  # position -> leaf, 32 bytes each


@dataclass(frozen=True)
class Proof:
    """The hashes beside a position's path, from the root down, and what stands at its end.

    `other` is the position and leaf of the one leaf that stands there in place of the position's
    own. It is None where that is the leaf itself, or nothing.
    """

    siblings: tuple[bytes, ...]
    other: tuple[bytes, bytes] | None = None


def leaf_hash(position: bytes, leaf: bytes) -> bytes:
    """Return the hash of a subtree that holds one leaf."""
    return sha256(b"\x00" + position + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a subtree that holds two leaves or more."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Leaves) -> bytes:
    """Return the root of the tree that holds `leaves` and nothing else."""
    return _subtree(leaves, _sorted(leaves), 0, len(leaves), 0)


def prove(leaves: Leaves, position: bytes) -> Proof:
    """Return the proof that `position` has its leaf in `leaves` or, if it is not there, none."""
    positions, low, high = _sorted(leaves), 0, len(leaves)
    siblings: list[bytes] = []
    while high - low > 1:
        depth = len(siblings)
        middle = _split(positions, low, high, depth)
        if _bit(position, depth):
            siblings.append(_subtree(leaves, positions, low, middle, depth + 1))
            low = middle
        else:
            siblings.append(_subtree(leaves, positions, middle, high, depth + 1))
            high = middle
    found = positions[low] if low < high else position
    return Proof(tuple(siblings), None if found == position else (found, leaves[found]))


def verify_presence(root: bytes, position: bytes, leaf: bytes, proof: Proof) -> bool:
    """Tell whether `proof` shows that `leaf` stands at `position` under `root`."""
    if proof.other is not None or not _well_formed(proof.siblings, position, leaf):
        return False
    return root_shown(position, leaf, proof) == root


def verify_absence(root: bytes, position: bytes, proof: Proof) -> bool:
    """Tell whether `proof` shows that no leaf stands at `position` under `root`."""
    if not _well_formed(proof.siblings, position, *(proof.other or ())):
        return False
    if proof.other is not None:
        other, depths = proof.other[0], range(len(proof.siblings))
        same_path = all(_bit(other, depth) == _bit(position, depth) for depth in depths)
        if other == position or not same_path:
            return False
    return root_shown(position, None, proof) == root


def root_shown(position: bytes, leaf: bytes | None, proof: Proof) -> bytes:
    """Return the root for which `proof` says that `position` has `leaf`, or none."""
    if leaf is not None:
        found = leaf_hash(position, leaf)
    else:
        found = leaf_hash(*proof.other) if proof.other else EMPTY
    for depth in reversed(range(len(proof.siblings))):
        beside = proof.siblings[depth]
        pair = (beside, found) if _bit(position, depth) else (found, beside)
        found = node_hash(*pair)
    return found


def _sorted(leaves: Leaves) -> list[bytes]:
    for position, leaf in leaves.items():
        if len(position) != SIZE or len(leaf) != SIZE:
            raise ValueError(f"positions and leaves have {SIZE} bytes")
    return sorted(leaves)


def _subtree(leaves: Leaves, positions: list[bytes], low: int, high: int, depth: int) -> bytes:
    """Return the hash of the subtree at `depth` that holds positions[low:high]."""
    if high - low < 2:
        return leaf_hash(positions[low], leaves[positions[low]]) if low < high else EMPTY
    middle = _split(positions, low, high, depth)
    return node_hash(
        _subtree(leaves, positions, low, middle, depth + 1),
        _subtree(leaves, positions, middle, high, depth + 1),
    )


def _split(positions: list[bytes], low: int, high: int, depth: int) -> int:
    """Return where in positions[low:high], alike in the first `depth` bits, the next bit is 1."""
    return bisect_left(positions, 1, low, high, key=partial(_bit, depth=depth))


def _bit(position: bytes, depth: int) -> int:
    return position[depth >> 3] >> (7 - (depth & 7)) & 1


def _well_formed(siblings: Sequence[bytes], *parts: bytes) -> bool:
    return len(siblings) <= DEPTH and all(len(part) == SIZE for part in (*siblings, *parts))
