import numpy as np
import pytest

from recmodel.clustering import balanced, centroids


def units(rows):
    rows = np.asarray(rows, float)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_it_finds_clusters_that_are_there():
    random = np.random.default_rng(1)
    true = np.eye(4)
    points = units(np.repeat(true, 25, axis=0) + 0.1 * random.standard_normal((100, 4)))
    found = centroids(points, 4)
    assert np.sort(np.argmax(found @ true.T, axis=1)).tolist() == [0, 1, 2, 3]
    assert (found @ true.T).max(axis=1).min() > 0.99


def test_the_centroids_are_the_same_again():
    points = units(np.random.default_rng(2).standard_normal((200, 6)))
    assert centroids(points, 8).tobytes() == centroids(points.copy(), 8).tobytes()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_with_fewer_points_than_clusters_the_centroids_are_repeated(number):
    points = np.eye(4)[:number]
    found = centroids(points, 5)
    assert found.shape == (5, 4)
    assert (found @ points.T).max(axis=1) == pytest.approx(np.ones(5))


def test_equal_points_are_one():
    assert centroids(np.repeat(np.eye(2)[:1], 9, axis=0), 3).tolist() == [[1, 0]] * 3


def test_without_a_point_they_are_zeros():
    assert not centroids(np.zeros((0, 4)), 3).any()
    assert centroids(np.zeros((0, 4)), 3).shape == (3, 4)


def test_a_full_cluster_sends_the_next_nearest_on():
    """Worked by hand: three points prefer the first centroid, which has room for two."""
    middles = np.eye(2)
    points = units([[1, 0.3], [1, 0.1], [1, 0.2], [0.1, 1]])
    assert balanced(points, middles, 2).tolist() == [1, 0, 0, 1]


def test_no_cluster_exceeds_its_capacity():
    random = np.random.default_rng(5)
    points, middles = units(random.standard_normal((103, 6))), units(random.standard_normal((8, 6)))
    counts = np.bincount(balanced(points, middles, 13), minlength=8)
    assert (counts.sum(), counts.max()) == (103, 13)


def test_too_little_room_is_an_error():
    with pytest.raises(ValueError, match="3 points do not fit into 2 clusters of 1"):
        balanced(np.eye(3), np.eye(3)[:2], 1)
