"""The tree alone: where leaves stand, and what a proof can show."""

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compliance.evidence import verifier
from compliance.provenance.sparse_merkle import (
    EMPTY,
    Proof,
    branch,
    leaf_hash,
    node_hash,
    prove,
    prove_in_branches,
    root,
    root_of_branches,
    root_shown,
)


def at(first: int, last: int = 0) -> bytes:
    """A position by its first and last byte."""
    return bytes([first, *bytes(30), last])


def shows(top: bytes, position: bytes, leaf: bytes | None, proof: Proof) -> bool:
    """Ask the verifier that everybody has: does `proof` show the leaf there, or that none is?"""
    other = proof.other and {"position": proof.other[0].hex(), "leaf": proof.other[1].hex()}
    told = {
        "position": position.hex(),
        "leaf": leaf.hex() if leaf else None,
        "siblings": [sibling.hex() for sibling in proof.siblings],
        "other": other,
    }
    try:
        return verifier.root_shown(told) == f"sha256:{top.hex()}"
    except verifier.Rejected:
        return False


def hashed(hexadecimal: str) -> bytes:
    return sha256(bytes.fromhex(hexadecimal)).digest()


# Positions 00…, 80…, c0… and leaves 11…, 22…, 33…: the vector of docs/certificate.md.
A, B, C = at(0x00), at(0x80), at(0xC0)
LEAVES = {A: b"\x11" * 32, B: b"\x22" * 32, C: b"\x33" * 32}
H_A = hashed("00" + A.hex() + "11" * 32)
H_B = hashed("00" + B.hex() + "22" * 32)
H_C = hashed("00" + C.hex() + "33" * 32)
H_BC = hashed("01" + H_B.hex() + H_C.hex())
H_ABC = hashed("01" + H_A.hex() + H_BC.hex())


def test_the_empty_tree():
    assert root({}) == EMPTY == hashed("02")
    assert EMPTY.hex() == "dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986"


def test_one_leaf_is_the_root():
    assert root({A: LEAVES[A]}) == H_A
    assert prove({A: LEAVES[A]}, A) == Proof(())


def test_three_leaves_by_hand():
    assert root(LEAVES) == H_ABC
    assert H_ABC.hex() == "3b875105ae05bae12f1a5092bbeec48c1022e84688f236e0a40b45b104a9cd09"
    assert prove(LEAVES, A) == Proof((H_BC,))
    assert prove(LEAVES, B) == Proof((H_A, H_C))


def test_a_free_place_beside_a_leaf_shows_that_leaf():
    beside_b = at(0x81)
    assert prove(LEAVES, beside_b) == Proof((H_A, H_C), (B, LEAVES[B]))
    assert shows(H_ABC, beside_b, None, prove(LEAVES, beside_b))


def test_a_free_place_with_nothing_beside_it():
    """Two leaves of the right half that part at the third bit leave its other quarter empty."""
    leaves = {at(0x80): b"\x11" * 32, at(0xA0): b"\x22" * 32}
    free = at(0xC0)
    pair = node_hash(leaf_hash(at(0x80), b"\x11" * 32), leaf_hash(at(0xA0), b"\x22" * 32))
    assert root(leaves) == node_hash(EMPTY, node_hash(pair, EMPTY))
    assert prove(leaves, free) == Proof((EMPTY, pair))
    assert shows(root(leaves), free, None, Proof((EMPTY, pair)))


def test_positions_that_differ_in_the_last_bit_alone():
    leaves = {at(0, 0): b"\x11" * 32, at(0, 1): b"\x22" * 32}
    proof = prove(leaves, at(0, 1))
    assert len(proof.siblings) == verifier.TREE_DEPTH
    assert shows(root(leaves), at(0, 1), b"\x22" * 32, proof)
    assert shows(root(leaves), at(0, 2), None, prove(leaves, at(0, 2)))


@pytest.mark.parametrize("size", [31, 33])
def test_leaves_and_positions_of_another_size_are_refused(size: int):
    for leaves in ({bytes(size): bytes(32)}, {bytes(32): bytes(size)}):
        with pytest.raises(ValueError, match="32 bytes"):
            root(leaves)


# Few first and last bytes: long common paths as well as short ones.
positions = st.builds(at, st.sampled_from([0, 1, 0x40, 0x7F, 0x80, 0xFF]), st.integers(0, 3))
hashes = st.binary(min_size=32, max_size=32)
trees = st.dictionaries(positions | hashes, hashes, max_size=12)


@given(leaves=trees, data=st.data())
def test_any_order_gives_the_same_root(leaves: dict, data: st.DataObject):
    shuffled = dict(data.draw(st.permutations(list(leaves.items()))))
    assert root(shuffled) == root(leaves)


@given(leaves=trees, position=positions | hashes, leaf=hashes)
def test_a_leaf_that_is_removed_was_never_there(leaves: dict, position: bytes, leaf: bytes):
    never = {place: other for place, other in leaves.items() if place != position}
    erased = {**never, position: leaf}
    assert root(erased) != root(never)
    del erased[position]
    assert root(erased) == root(never)


@given(one=trees, other=trees)
def test_two_trees_have_two_roots(one: dict, other: dict):
    assert (root(one) == root(other)) == (one == other)


@given(leaves=trees, position=positions | hashes, wrong=hashes)
def test_a_position_is_shown_as_what_it_is(leaves: dict, position: bytes, wrong: bytes):
    """Present with its leaf and no other, or absent, and never both."""
    top, proof, leaf = root(leaves), prove(leaves, position), leaves.get(position)
    assume(wrong != leaf)
    assert shows(top, position, None, proof) == (leaf is None)
    assert shows(top, position, leaf or wrong, proof) == (leaf is not None)
    assert not shows(top, position, wrong, proof)


@given(leaves=trees, elsewhere=positions | hashes, data=st.data())
def test_a_proof_is_good_for_its_position_alone(
    leaves: dict, elsewhere: bytes, data: st.DataObject
):
    assume(leaves)
    position = data.draw(st.sampled_from(sorted(leaves)))
    assume(position != elsewhere)
    proof = prove(leaves, position)
    assert not shows(root(leaves), elsewhere, leaves[position], proof)
    for shown in (elsewhere, position):
        forged = Proof(proof.siblings, (shown, leaves[position]))
        assert not shows(root(leaves), position, None, forged)


@given(leaves=trees, position=positions | hashes, data=st.data())
def test_no_byte_of_a_proof_can_be_changed(leaves: dict, position: bytes, data: st.DataObject):
    proof, leaf, top = prove(leaves, position), leaves.get(position), root(leaves)
    parts = [*proof.siblings, *(proof.other or ())]
    assume(parts)
    number, byte = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 31))
    changed = bytearray(parts[number])
    changed[byte] ^= data.draw(st.integers(1, 255))
    parts[number] = bytes(changed)
    count = len(proof.siblings)
    other = (parts[count], parts[count + 1]) if proof.other else None
    forged = Proof(tuple(parts[:count]), other)
    assert not shows(top, position, None, forged)
    assert leaf is None or not shows(top, position, leaf, forged)


@given(leaves=trees, position=positions | hashes, more=hashes)
def test_a_proof_can_be_neither_cut_nor_made_longer(leaves: dict, position: bytes, more: bytes):
    proof, leaf, top = prove(leaves, position), leaves.get(position), root(leaves)
    for siblings in (proof.siblings[:-1], (*proof.siblings, more), (more, *proof.siblings)):
        if siblings != proof.siblings:
            forged = Proof(siblings, proof.other)
            assert not shows(top, position, None, forged)
            assert leaf is None or not shows(top, position, leaf, forged)


@given(leaves=trees, stranger=hashes, leaf=hashes, depth=st.integers(0, 4))
def test_a_leaf_cannot_hide_at_another_place(
    leaves: dict, stranger: bytes, leaf: bytes, depth: int
):
    """An issuer who puts a leaf off its path cannot use it: no proof shows it or by it."""
    position = bytes([stranger[0] ^ 0x80, *stranger[1:]])
    siblings = prove(leaves, position).siblings[:depth] or (EMPTY,)
    crooked = root_shown(position, None, Proof(siblings, (stranger, leaf)))
    assert not shows(crooked, stranger, leaf, Proof(siblings))
    near = bytes([*position[:31], position[31] ^ 1])
    for asked in (position, near):
        assert not shows(crooked, asked, None, Proof(siblings, (stranger, leaf)))


@pytest.mark.parametrize(
    "proof",
    [
        Proof((b"short",)),
        Proof((bytes(32),) * (verifier.TREE_DEPTH + 1)),
        Proof((), (bytes(31), bytes(32))),
        Proof((), (bytes(32), bytes(33))),
    ],
    ids=["short-sibling", "too-deep", "short-position", "long-leaf"],
)
def test_what_is_no_proof_shows_nothing(proof: Proof):
    assert not shows(EMPTY, A, LEAVES[A], proof)
    assert not shows(EMPTY, A, None, proof)


BYTES = st.integers(0, 255) | st.sampled_from([0, 1, 127, 128, 255])
CROWDED = st.tuples(BYTES, st.binary(min_size=31, max_size=31)).map(
    lambda pair: bytes([pair[0]]) + pair[1]
)


@given(st.dictionaries(CROWDED, st.binary(min_size=32, max_size=32), max_size=40), CROWDED)
def test_branches_give_the_same_root_and_the_same_proofs(leaves, stranger):
    parts = {
        first: {p: leaf for p, leaf in leaves.items() if p[0] == first} for first in range(256)
    }
    branches = {first: branch(part) for first, part in parts.items() if part}
    assert root_of_branches(branches) == root(leaves)
    for position in [*leaves, stranger]:
        assert prove_in_branches(branches, parts.__getitem__, position) == prove(leaves, position)


def test_a_branch_takes_leaves_of_one_first_byte():
    with pytest.raises(ValueError, match="same first byte"):
        branch({bytes(32): bytes(32), b"\x01" + bytes(31): bytes(32)})
