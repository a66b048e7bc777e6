import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodel.partition import is_validation, keyed_hash, shard_of, slice_of

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


@pytest.mark.parametrize("module", ["prompts", "partition", "fictional", "training_config", ""])
def test_the_web_side_can_import_it_without_torch(module):
    name = f"recmodel.{module}".rstrip(".")
    code = f"import sys, {name}; sys.exit(bool({{'torch', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
