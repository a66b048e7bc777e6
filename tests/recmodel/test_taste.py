import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodel.taste import GRID, centre_of, coherence, directions, similarity, taste

RANDOM = np.random.default_rng(3)
CATALOGUE = RANDOM.standard_normal((50, 8)).astype(np.float32)
CENTRE = centre_of(CATALOGUE)


def of(items, liked):
    return taste(CATALOGUE[list(items)], np.array(liked, bool), CENTRE)


def test_it_is_what_was_liked_minus_what_was_not():
    vectors = np.array([[2, 0], [0, 3], [0, 5]], np.float32)  # lengths do not count
    found = taste(vectors, np.array([True, False, False]), np.zeros(2, np.float32))
    assert found == pytest.approx([0.5**0.5, -(0.5**0.5)])


@pytest.mark.parametrize("liked", [True, False])
def test_of_one_kind_only_it_is_the_mean_from_the_centre(liked):
    vectors = np.array([[1, 0], [0, 1]], np.float32)
    found = taste(vectors, np.array([liked, liked]), np.array([0.5, 0], np.float32))
    assert found == pytest.approx([0, 1])


def test_without_records_or_contrast_it_is_zeros():
    assert not of([], []).any()
    same = taste(CATALOGUE[[4, 4]], np.array([True, False]), CENTRE)
    assert not same.any()


@given(st.lists(st.tuples(st.integers(0, 49), st.booleans()), min_size=1, max_size=30))
def test_it_has_unit_length_and_ignores_the_scale_of_embeddings(records):
    items, liked = zip(*records, strict=True)
    found = of(items, liked)
    assert np.linalg.norm(found) == pytest.approx(1) or not found.any()
    scaled = taste(CATALOGUE[list(items)] * np.float32(4), np.array(liked), CENTRE)
    assert scaled.tobytes() == found.tobytes()


def test_the_last_bits_of_a_sum_decide_nothing():
    one = of(range(20), [n % 3 > 0 for n in range(20)])
    other = directions(CATALOGUE, CENTRE)[7]
    expected = similarity(one, other)
    for noise in (1e-15, -1e-15):
        assert similarity(one + noise, other) == expected
    assert expected == pytest.approx(float(one @ other) * GRID, abs=1)


def test_the_order_of_the_numbers_does_not_change_a_similarity():
    """A sum that runs in blocks would lose the one between numbers that cancel out."""
    for numbers in ([1e16, 1, -1e16], [1, 1e16, -1e16], [-1e16, 1e16, 1]):
        assert similarity(np.array(numbers), np.ones(3)) == GRID


def test_an_empty_catalogue_has_a_centre():
    assert centre_of(np.zeros((0, 8), np.float32)).shape == (8,)


def test_coherence_compares_a_subject_with_the_others_of_its_shard():
    """Worked by hand: two who agree, two at a right angle, one alone."""
    tastes = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], float)
    assert coherence(tastes, np.array([0, 0, 1, 1, 2])) == pytest.approx(2 / 5)
    assert coherence(np.zeros((0, 2)), np.array([], int)) == 0


@pytest.mark.parametrize("module", ["taste", "clustering"])
def test_the_web_side_can_import_it_without_torch(module):
    code = f"import sys, recmodel.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
