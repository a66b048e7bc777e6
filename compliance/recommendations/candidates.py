"""Which items are worth scoring for a subject: what many like, and what is close to its likes."""

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from django.db.models import Count

from compliance.provenance.models import Plan
from compliance.records.models import Interaction
from recmodel.catalogue import Catalogue
from recmodel.prompts import Reaction

CANDIDATES = 256


def candidates(
    plan: Plan, catalogue: Catalogue, history: Sequence[Reaction], *, met: Collection[str]
) -> list[str]:
    """Return up to `CANDIDATES` items of the catalogue that are not in `met`, without repetition.

    Half are the closest to the mean of what `history` likes, half the most liked by all. Where
    nothing is liked all are the most liked; items that nobody likes come last, by id.
    """
    liked = [reaction.item for reaction in history if reaction.liked]
    fresh = [item for item in catalogue.ids if item not in met]
    close = _closest(catalogue, liked, fresh, CANDIDATES // 2) if liked else []
    popular = [item for item in most_liked(plan) if item in catalogue and item not in met]
    return list(dict.fromkeys([*close, *popular, *fresh]))[:CANDIDATES]


def most_liked(plan: Plan) -> list[str]:
    """Return the items that have likes at this moment, most likes first, then by id."""
    likes = (
        Interaction.objects.filter(rating__gt=Decimal(plan.config["like_threshold"]))
        .values("item__external_id")
        .annotate(likes=Count("pk"))
        .values_list("likes", "item__external_id")
    )
    return [item for _, item in sorted(likes, key=lambda row: (-row[0], row[1]))]


def _closest(
    catalogue: Catalogue, liked: Sequence[str], fresh: Sequence[str], count: int
) -> list[str]:
    # Sentence embeddings share a large common part, which says nothing about an item.
    centre = catalogue.embeddings.mean(axis=0)
    taste = _unit((catalogue.vectors(liked) - centre).mean(axis=0))
    nearness = _unit(catalogue.vectors(fresh) - centre) @ taste
    # Stable, so that items that are equally near stand in the order of their ids.
    return [fresh[place] for place in np.argsort(-nearness, kind="stable")[:count]]


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: npt.NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return scaled
