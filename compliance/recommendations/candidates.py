"""Which items are worth scoring for a subject: what many like, and what is close to its likes."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from django.db.models import Count

from compliance.provenance.models import Plan
from compliance.records.models import Interaction
from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction

CANDIDATES = 256

Vectors = npt.NDArray[np.float32]


class Shelf:
    """The catalogue, ready to be searched: `keys` are the items' row ids in their order."""

    def __init__(self, catalogue: Catalogue, keys: Sequence[int]) -> None:
        self.catalogue = catalogue
        self._ids = dict(zip(keys, catalogue.ids, strict=True))
        # Sentence embeddings share a large common part, which says nothing about an item.
        self._directions = _unit(catalogue.embeddings - catalogue.embeddings.mean(axis=0))

    def most_liked(self, likes: Mapping[int, int]) -> list[str]:
        """Return the items by their number of likes, then by id; `likes` is by row id."""
        counted = [(-count, self._ids[key]) for key, count in likes.items() if key in self._ids]
        return [item for _, item in sorted(counted)]

    def closest(self, liked: Sequence[str], *, met: Collection[str], count: int) -> list[str]:
        """Return the `count` items outside `met` that are closest to the mean of `liked`."""
        taste = self._directions[self.catalogue.places(liked)].mean(axis=0)
        nearness = self._directions @ taste
        nearness[self.catalogue.places(item for item in met if item in self.catalogue)] = -np.inf
        # Stable, so that items that are equally near stand in the order of their ids.
        best = np.argsort(-nearness, kind="stable")[:count]
        return [self.catalogue.ids[place] for place in best if nearness[place] > -np.inf]


def likes_now(plan: Plan) -> dict[int, int]:
    """Return the number of likes of each item that has some at this moment, by its row id."""
    liked = Interaction.objects.filter(rating__gt=plan.config["like_threshold"])
    return dict(liked.values("item_id").annotate(likes=Count("pk")).values_list("item_id", "likes"))


def candidates(
    shelf: Shelf, likes: Mapping[int, int], history: Sequence[Reaction], *, met: Collection[str]
) -> list[str]:
    """Return up to `CANDIDATES` items that are not in `met`, without repetition.

    Half are the closest to what `history` likes, half the most liked by all. Where nothing is
    liked all are the most liked; items that nobody likes come last, by id.
    """
    liked = [reaction.item for reaction in history if reaction.liked]
    close = shelf.closest(liked, met=met, count=CANDIDATES // 2) if liked else []
    found = dict.fromkeys(close)
    for item in (*shelf.most_liked(likes), *shelf.catalogue.ids):
        if len(found) == CANDIDATES:
            break
        if item not in met:
            found[item] = None
    return list(found)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, 1e-12)
    return scaled
