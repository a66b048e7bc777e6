import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodel.partition import (
    FrozenPartitioner,
    SemanticPartitioner,
    is_validation,
    keyed_hash,
    packed,
    partitioner,
    shard_of,
    slice_of,
    slice_run,
    unpacked,
)

KEY = b"k" * 32
SUBJECTS = [f"subject-{n}" for n in range(4000)]


def test_a_known_answer():
    # HMAC-SHA256 of the length-prefixed parts, first 8 bytes, computed with openssl.
    assert keyed_hash(b"key", "a", "bc") == 0xBA41D3AAACE0B4BB


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_give_different_hashes(one, other):
    assert (keyed_hash(KEY, *one) == keyed_hash(KEY, *other)) == (one == other)


def test_moving_a_boundary_between_parts_changes_the_hash():
    assert keyed_hash(KEY, "ab", "c") != keyed_hash(KEY, "a", "bc")


def test_the_hash_has_64_bits_and_depends_on_the_key():
    values = [keyed_hash(KEY, s) for s in SUBJECTS]
    assert max(values) < 2**64
    assert max(values) > 2**63
    assert keyed_hash(b"other", "x") != keyed_hash(KEY, "x")


def test_the_validation_share_is_kept():
    share = sum(is_validation(KEY, s, 0.1) for s in SUBJECTS) / len(SUBJECTS)
    assert share == pytest.approx(0.1, abs=0.02)
    assert not any(is_validation(KEY, s, 0.0) for s in SUBJECTS)
    assert all(is_validation(KEY, s, 1.0) for s in SUBJECTS)


def test_slices_are_independent_of_shards():
    of_shard_0 = [s for s in SUBJECTS if shard_of(KEY, s, 4) == 0]
    counts = [sum(slice_of(KEY, s, 4) == n for s in of_shard_0) for n in range(4)]
    assert min(counts) > len(of_shard_0) / 4 * 0.8


def test_validation_is_independent_of_shards():
    aside = [s for s in SUBJECTS if is_validation(KEY, s, 0.25)]
    counts = [sum(shard_of(KEY, s, 4) == n for s in aside) for n in range(4)]
    assert min(counts) > len(aside) / 4 * 0.75


@pytest.mark.parametrize("place", [shard_of, slice_of])
def test_no_places_is_an_error(place):
    with pytest.raises(ValueError, match="at least 1"):
        place(KEY, "alice", 0)


def test_a_share_beyond_one_is_an_error():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        is_validation(KEY, "alice", 1.5)


AXES = np.eye(6)  # six centroids
SEMANTIC = SemanticPartitioner(KEY, AXES)
NOWHERE = np.zeros(6)


def test_the_two_candidates_differ_and_are_even():
    pairs = [SEMANTIC.candidates(s) for s in SUBJECTS]
    assert all(first != second for first, second in pairs)
    assert [first for first, _ in pairs] == [shard_of(KEY, s, 6) for s in SUBJECTS]
    counts = [pairs.count((a, b)) for a in range(6) for b in range(6) if a != b]
    assert min(counts) > len(SUBJECTS) / 30 * 0.6


def test_the_nearer_candidate_wins_and_no_other():
    for subject in SUBJECTS[:50]:
        first, second = SEMANTIC.candidates(subject)
        third = next(n for n in range(6) if n not in (first, second))
        assert SEMANTIC.shard(subject, AXES[second] + 2 * AXES[third]) == second
        assert SEMANTIC.shard(subject, AXES[first] + 2 * AXES[third]) == first


def test_the_first_candidate_wins_ties():
    for subject in SUBJECTS[:50]:
        first, second = SEMANTIC.candidates(subject)
        assert SEMANTIC.shard(subject, NOWHERE) == first
        assert SEMANTIC.shard(subject, AXES[first] + AXES[second] * (1 + 1e-12)) == first


def test_where_all_like_the_same_no_shard_has_more_than_its_two_shares():
    shards = [SEMANTIC.shard(s, AXES[4]) for s in SUBJECTS]
    assert shards.count(4) / len(SUBJECTS) == pytest.approx(2 / 6, abs=0.03)


def test_one_shard_takes_all():
    one = SemanticPartitioner(KEY, AXES[:1])
    assert {one.shard(s, AXES[3]) for s in SUBJECTS[:20]} == {0}


def test_the_frozen_keep_their_shard_and_newcomers_go_to_the_nearest():
    frozen = FrozenPartitioner({"ann": 5}, AXES)
    assert frozen.shard("ann", AXES[2]) == 5
    assert frozen.shard("bo", AXES[2]) == 2
    assert frozen.shard("bo", NOWHERE) == 0


def test_a_plans_partition_names_its_partitioner():
    base = {"key": KEY.hex(), "shards": 6}
    by_hash = partitioner(base | {"method": "hash"})
    assert [by_hash.shard(s, NOWHERE) for s in SUBJECTS] == [shard_of(KEY, s, 6) for s in SUBJECTS]
    middles = AXES.astype(np.float32)
    semantic = partitioner(base | {"method": "semantic", "centroids": packed(middles)})
    assert semantic.shard("ann", AXES[3]) == SEMANTIC.shard("ann", AXES[3])
    with pytest.raises(ValueError, match="'nearest' is neither"):
        partitioner(base | {"method": "nearest"})


def test_a_plan_made_before_there_were_items_places_by_the_first_candidate():
    empty = partitioner({"key": KEY.hex(), "shards": 6, "method": "semantic", "centroids": ""})
    assert [empty.shard(s, AXES[1]) for s in SUBJECTS] == [shard_of(KEY, s, 6) for s in SUBJECTS]


def test_packed_numbers_are_little_endian_and_come_back():
    assert packed(np.array([[1.0, -2.0]], np.float32)) == "AACAPwAAAMA="
    assert unpacked("AACAPwAAAMA=").tolist() == [1.0, -2.0]


CLASSES = ("adult", "minor", "trial")


@pytest.mark.parametrize(
    ("slices", "runs"),
    [
        (6, [(0, 2), (2, 4), (4, 6)]),
        (4, [(0, 1), (1, 2), (2, 4)]),
        (3, [(0, 1), (1, 2), (2, 3)]),
        (2, [(0, 1), (0, 1), (1, 2)]),
        (1, [(0, 1), (0, 1), (0, 1)]),
    ],
)
def test_each_class_has_its_run_and_the_likeliest_the_last(slices, runs):
    assert [slice_run(n, 3, slices) for n in range(3)] == runs
    for name, (first, end) in zip(CLASSES, runs, strict=True):
        found = {slice_of(KEY, s, slices, erasure_class=name, classes=CLASSES) for s in SUBJECTS}
        assert found == set(range(first, end))


@pytest.mark.parametrize("name", ["", "unheard of"])
def test_who_is_of_no_named_class_goes_anywhere(name):
    for subject in SUBJECTS[:200]:
        found = slice_of(KEY, subject, 5, erasure_class=name, classes=CLASSES)
        assert found == slice_of(KEY, subject, 5)


@pytest.mark.parametrize("module", ["prompts", "partition", "fictional", "training_config", ""])
def test_the_web_side_can_import_it_without_torch(module):
    name = f"recmodel.{module}".rstrip(".")
    code = f"import sys, {name}; sys.exit(bool({{'torch', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
