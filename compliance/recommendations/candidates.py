"""Which items are worth scoring for a subject: what many like, and what is close to its likes."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction
from recmodel.rates import Counts

CANDIDATES = 256

Vectors = npt.NDArray[np.float32]


class Shelf:
    """The catalogue, ready to be searched, and how much each item is liked."""

    def __init__(self, catalogue: Catalogue, counts: Counts) -> None:
        self.catalogue = catalogue
        counted = [(-likes, item) for item, likes in counts.likes.items() if likes > 0]
        # By number of likes, then by id; what nobody likes comes last.
        self.most_liked = [item for _, item in sorted(counted) if item in catalogue]
        # Sentence embeddings share a large common part, which says nothing about an item.
        self._directions = _unit(catalogue.embeddings - catalogue.embeddings.mean(axis=0))

    def closest(self, liked: Sequence[str], *, met: Collection[str], count: int) -> list[str]:
        """Return the `count` items outside `met` that are closest to the mean of `liked`."""
        taste = self._directions[self.catalogue.places(liked)].mean(axis=0)
        nearness = self._directions @ taste
        nearness[self.catalogue.places(item for item in met if item in self.catalogue)] = -np.inf
        # Stable, so that items that are equally near stand in the order of their ids.
        best = np.argsort(-nearness, kind="stable")[:count]
        return [self.catalogue.ids[place] for place in best if nearness[place] > -np.inf]


def candidates(shelf: Shelf, history: Sequence[Reaction], *, met: Collection[str]) -> list[str]:
    """Return up to `CANDIDATES` items that are not in `met`, without repetition.

    Half are the closest to what `history` likes, half the most liked by all. Where nothing is
    liked all are the most liked; items that nobody likes come last, by id.
    """
    liked = [reaction.item for reaction in history if reaction.liked]
    close = shelf.closest(liked, met=met, count=CANDIDATES // 2) if liked else []
    found = dict.fromkeys(close)
    for item in (*shelf.most_liked, *shelf.catalogue.ids):
        if len(found) == CANDIDATES:
            break
        if item not in met:
            found[item] = None
    return list(found)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, 1e-12)
    return scaled
