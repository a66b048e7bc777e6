"""A subject's taste: one direction in the space of item embeddings, from its own history alone.

Free of torch: the web side places subjects by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def directions(vectors: npt.NDArray[np.float32], centre: npt.NDArray[np.float32]) -> Floats:
    """Centre embeddings [n, d] and scale each to length 1, in float64; a zero row stays zero."""
    centred = vectors.astype(np.float64) - centre.astype(np.float64)
    # Row by row sums: a row's bits do not depend on how many there are.
    lengths = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    scaled: Floats = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    return scaled


def taste(
    vectors: npt.NDArray[np.float32],
    liked: npt.NDArray[np.bool_],
    centre: npt.NDArray[np.float32],
) -> Floats:
    """Return the taste [d], of length 1, that a history of items `vectors` [n, d] shows.

    It points from the mean of what was disliked to the mean of what was `liked` [n]; where one
    kind is missing it is the mean of the other, disliked items turned round. Without a history,
    or where the two are equal, it is zero.
    """
    rows = directions(vectors, centre)
    contrast = np.zeros(vectors.shape[1])
    for kind, sign in ((liked, 1.0), (~liked, -1.0)):
        if kind.any():
            contrast += sign * rows[kind].sum(axis=0) / kind.sum()
    length = np.sqrt((contrast * contrast).sum())
    return contrast / length if length > 0 else contrast
