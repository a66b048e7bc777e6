"""Which shard each person teaches, under our partitioners and those of other papers.

All but `semantic` and `hash` look at everybody at once, so no erasure under them is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recmodel.catalogue import Catalogue
from recmodel.clustering import Labels, balanced, centroids
from recmodel.evaluation.data import Floats, Records
from recmodel.evaluation.factors import Factors
from recmodel.partition import HashPartitioner, SemanticPartitioner, keyed_hash
from recmodel.recommender import history_taste
from recmodel.taste import centre_of, directions

# RecEraser (arXiv 2201.06820): representations from factorisation, and how full a shard may get.
REPRESENTATION = Factors(d=16, ridge=8.0)
ROOM = 1.2
RECENTRINGS = 20

Shards = dict[str, int]


@dataclass(frozen=True)
class People:
    """Those who teach, by name, with what a partitioner may look at."""

    key: bytes
    catalogue: Catalogue
    records: Records

    def tastes(self) -> dict[str, Floats]:
        """Return each person's taste."""
        centre = centre_of(self.catalogue.embeddings)
        return {
            name: history_taste(mine, self.catalogue, centre) for name, mine in self.records.items()
        }


def by_hash(people: People, shards: int) -> Shards:
    """Keyed hash of the name."""
    chooser = HashPartitioner(people.key, shards)
    return {name: chooser.shard(name, np.zeros(0)) for name in people.records}


def by_taste(people: People, shards: int) -> Shards:
    """The default: of two shards that a keyed hash names, the one nearer to the taste."""
    embeddings = people.catalogue.embeddings
    middles = centroids(directions(embeddings, centre_of(embeddings)), shards)
    chooser = SemanticPartitioner(people.key, middles)
    return {name: chooser.shard(name, taste) for name, taste in people.tastes().items()}


def by_balanced_tastes(people: People, shards: int) -> Shards:
    """The APA paper's (arXiv 2404.10327, Algorithm 1): k-means on tastes, then equal capacities."""
    tastes = people.tastes()
    names = _in_keyed_order(people)
    points = np.array([tastes[name] for name in names])
    labels = balanced(points, centroids(points, shards), -(-len(names) // shards))
    return dict(zip(names, labels.tolist(), strict=True))


def by_balanced_factors(people: People, shards: int) -> Shards:
    """RecEraser's: k-means under capacities on people's factors, without their biases.

    Its published code averages centroids to single numbers; here they stay vectors.
    """
    model = Factors(REPRESENTATION.d, REPRESENTATION.ridge).fit(people.records)
    names = _in_keyed_order(people)
    points = np.array([model.representation(people.records[name])[:-1] for name in names])
    points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    capacity = int(np.ceil(ROOM * len(names) / shards))
    middles = centroids(points, shards)
    labels = balanced(points, middles, capacity)
    for _ in range(RECENTRINGS):
        before, labels = labels, balanced(points, _means(points, labels, middles), capacity)
        if (before == labels).all():
            break
    return dict(zip(names, labels.tolist(), strict=True))


def _in_keyed_order(people: People) -> Sequence[str]:
    return sorted(people.records, key=lambda name: keyed_hash(people.key, "cluster", name))


def _means(points: Floats, labels: Labels, before: Floats) -> Floats:
    found = before.copy()
    for shard in range(len(before)):
        if (labels == shard).any():
            mean = points[labels == shard].mean(axis=0)
            found[shard] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return found


PARTITIONS: dict[str, Callable[[People, int], Shards]] = {
    "semantic": by_taste,
    "hash": by_hash,
    "balanced-kmeans": by_balanced_tastes,
    "receraser": by_balanced_factors,
}
