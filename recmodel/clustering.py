"""K-means on directions, and the APA paper's balanced assignment. Free of torch.

What these functions return is frozen where it is used: in a plan, or in a row of a subject.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recmodel.taste import Floats

ROUNDS = 100
Labels = npt.NDArray[np.int64]


def centroids(points: Floats, clusters: int) -> Floats:
    """Return `clusters` unit-length centroids of unit-length `points` [n, d]: spherical k-means.

    It starts with the point nearest to the mean and then, one by one, the point farthest from all
    before it (the first such), so there is no seed. Where there are fewer different points than
    clusters, the centroids are repeated; without a point they are zeros.
    """
    if not len(points):
        return np.zeros((clusters, points.shape[1]))
    found = _farthest_first(points, clusters)
    labels: Labels | None = None
    for _ in range(ROUNDS):
        nearest: Labels = np.argmax(points @ found.T, axis=1)
        if labels is not None and (nearest == labels).all():
            break
        labels = nearest
        found = _means(points, labels, found)
    return np.resize(found, (clusters, points.shape[1]))


def balanced(points: Floats, middles: Floats, capacity: int) -> Labels:
    """Return each point's cluster: Algorithm 1 of APA (arXiv 2404.10327).

    All cosine distances of points [n, d] to centroids [K, d] are sorted, and one greedy pass
    gives each point the nearest centroid with room. Ties go by the order of points, then of
    centroids.
    Raises ValueError where the capacity is too small for all.
    """
    if len(points) > capacity * len(middles):
        raise ValueError(
            f"{len(points)} points do not fit into {len(middles)} clusters of {capacity}"
        )
    labels: Labels = np.full(len(points), -1, np.int64)
    room = np.full(len(middles), capacity)
    similarities = points @ middles.T
    for pair in np.argsort(-similarities, axis=None, kind="stable"):
        point, cluster = divmod(int(pair), len(middles))
        if labels[point] < 0 and room[cluster]:
            labels[point] = cluster
            room[cluster] -= 1
    return labels


def _farthest_first(points: Floats, clusters: int) -> Floats:
    chosen = [int(np.argmax(points @ points.mean(axis=0)))]
    closest = points @ points[chosen[0]]
    while len(chosen) < clusters:
        farthest = int(np.argmin(closest))
        if farthest in chosen or closest[farthest] > 1 - 1e-9:
            break  # every point is one of those chosen
        chosen.append(farthest)
        closest = np.maximum(closest, points @ points[farthest])
    return points[chosen]


def _means(points: Floats, labels: Labels, before: Floats) -> Floats:
    """Return each cluster's mean at unit length; one that is empty or cancels out stays."""
    found = before.copy()
    for cluster in range(len(before)):
        mean = points[labels == cluster].sum(axis=0)
        length = np.linalg.norm(mean)
        if length > 0:
            found[cluster] = mean / length
    return found
