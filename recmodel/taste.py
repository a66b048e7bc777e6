"""A subject's taste: one direction in the space of item embeddings, from its own records alone.

Free of torch: a web process places subjects, and the mixture looks for neighbours by it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Embeddings = npt.NDArray[np.float32]

# Similarities are compared on this grid, so that the last bits of a sum decide nothing.
GRID = 2**20


def taste(vectors: Embeddings, liked: npt.NDArray[np.bool_], centre: Embeddings) -> Floats:
    """Return the subject's taste, float64 [d]: of unit length, or zeros where there is none.

    vectors: float32 [n, d], the embeddings of the items in its records, in the order of the
    records; liked: bool [n]; centre: float32 [d], what embeddings are centred on.

    Embeddings are brought to unit length and centred. The taste is the mean of what was liked minus
    the mean of what was not; where one kind is missing, the mean of all. Sums run in the order of
    the records, in float64, so the bits depend on nothing else.
    """
    if not len(vectors):
        return np.zeros(centre.shape, np.float64)
    centred = _units(vectors.astype(np.float64)) - centre.astype(np.float64)
    if liked.all() or not liked.any():
        direction = _mean(centred)
    else:
        direction = _mean(centred[liked]) - _mean(centred[~liked])
    unit: Floats = _units(direction[None])[0]
    return unit


def similarity(one: Floats, other: Floats) -> int:
    """Return the inner product of two directions, correctly rounded and then put on the grid."""
    return round(math.fsum((one * other).tolist()) * GRID)


def centre_of(catalogue: Embeddings) -> Embeddings:
    """Return the mean of the catalogue's unit-length embeddings, float32 [d]."""
    if not len(catalogue):
        return np.zeros(catalogue.shape[1:], np.float32)
    centre: Embeddings = _mean(_units(catalogue.astype(np.float64))).astype(np.float32)
    return centre


def directions(catalogue: Embeddings, centre: Embeddings) -> Floats:
    """Return the catalogue's unit-length embeddings, centred and of unit length again: [n, d]."""
    return _units(_units(catalogue.astype(np.float64)) - centre.astype(np.float64))


def coherence(tastes: Floats, shards: npt.NDArray[np.int64]) -> float:
    """Return how much alike the subjects of a shard are, from tastes [n, d] and shards [n].

    It is the mean cosine of a subject's taste to the sum of the others' in its shard: leaving the
    subject itself out, or small shards would seem coherent. Who is alone counts as 0.
    """
    if not len(tastes):
        return 0.0
    sums = np.zeros((int(shards.max()) + 1, tastes.shape[1]))
    np.add.at(sums, shards, tastes)
    others = _units(sums[shards] - tastes)
    return float(np.add.reduce(tastes * others, axis=1).mean())


def _mean(rows: Floats) -> Floats:
    """Return the mean of the rows; numpy adds along the first axis one row after the other."""
    mean: Floats = np.add.reduce(np.ascontiguousarray(rows), axis=0) / len(rows)
    return mean


def _units(rows: Floats) -> Floats:
    """Return the rows at unit length; a row of zeros stays one."""
    lengths = np.sqrt(np.add.reduce(rows * rows, axis=1, keepdims=True))
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
