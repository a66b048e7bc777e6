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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

SIZE = 32  # bytes of a position, a leaf and a hash
BRANCH_DEPTH = 8  # a branch is named by the first byte of its positions
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
    return _prove(leaves, position, [])


def _prove(leaves: Leaves, position: bytes, siblings: list[bytes]) -> Proof:
    """Go on from the subtree that `siblings` lead to, which holds `leaves`."""
    positions, low, high = _sorted(leaves), 0, len(leaves)
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


@dataclass(frozen=True)
class Branch:
    """The subtree of all positions with one first byte: its hash, and how many leaves it holds.

    The hashes of all 256 branches give the root; one branch's leaves and the hashes of the others
    give a proof. So a change of a few leaves costs a few branches, however many leaves there are.
    """

    hash: bytes = EMPTY
    leaves: int = 0


def branch(leaves: Leaves) -> Branch:
    """Return the branch of `leaves`, whose positions all have the same first byte."""
    positions = _sorted(leaves)
    if positions and positions[0][0] != positions[-1][0]:
        raise ValueError("the positions of a branch have the same first byte")
    return Branch(_subtree(leaves, positions, 0, len(positions), BRANCH_DEPTH), len(positions))


def root_of_branches(branches: Mapping[int, Branch]) -> bytes:
    """Return the root of the tree with these branches, by first byte; one that lacks is empty."""
    return _levels(branches)[0][0].hash


def prove_in_branches(
    branches: Mapping[int, Branch], leaves_of: Callable[[int], Leaves], position: bytes
) -> Proof:
    """Return what `prove` returns; `leaves_of` gives the leaves of the one branch it needs."""
    levels, siblings, first = _levels(branches), list[bytes](), position[0]
    for depth in range(BRANCH_DEPTH):
        place = first >> (BRANCH_DEPTH - depth)
        if levels[depth][place].leaves < 2:
            return _prove(_only_leaf(levels, leaves_of, depth, place), position, siblings)
        beside = (first >> (BRANCH_DEPTH - 1 - depth)) ^ 1
        siblings.append(levels[depth + 1][beside].hash)
    return _prove(leaves_of(first), position, siblings)


def _levels(branches: Mapping[int, Branch]) -> list[list[Branch]]:
    """Return the subtrees at each depth, from the root to the branches."""
    levels = [[branches.get(first, Branch()) for first in range(1 << BRANCH_DEPTH)]]
    while len(levels[0]) > 1:
        below = levels[0]
        levels.insert(0, [_join(*below[i : i + 2]) for i in range(0, len(below), 2)])
    return levels


def _join(left: Branch, right: Branch) -> Branch:
    if not left.leaves or not right.leaves:
        one = left if left.leaves else right
        if one.leaves < 2:
            return one
    return Branch(node_hash(left.hash, right.hash), left.leaves + right.leaves)


def _only_leaf(
    levels: list[list[Branch]], leaves_of: Callable[[int], Leaves], depth: int, place: int
) -> Leaves:
    """Return the leaf of a subtree that holds one, or none."""
    width = 1 << (BRANCH_DEPTH - depth)
    under = range(place * width, (place + 1) * width)
    found = [first for first in under if levels[BRANCH_DEPTH][first].leaves]
    return leaves_of(found[0]) if found else {}


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
