"""Subjects' records in time order, and their tastes: what a partitioner looks at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db.models import QuerySet
from django.db.models.functions import Collate

from compliance.provenance.models import Plan
from compliance.records.models import Interaction, ItemEmbedding
from recmodel.taste import Embeddings, Floats, taste


@dataclass(frozen=True)
class History:
    """One subject's records in time order: row ids of records and items, and what was liked."""

    subject_id: int
    external_id: str
    erasure_class: str
    records: tuple[int, ...]
    items: tuple[int, ...]
    liked: tuple[bool, ...]


def histories(plan: Plan, records: "QuerySet[Interaction]") -> Iterator[History]:
    """Yield the history of each subject that `records` belong to, by row id of the subject."""
    threshold = Decimal(plan.config["like_threshold"])
    rows = records.order_by(
        "subject_id", "occurred_at", Collate("item__external_id", "C")
    ).values_list(
        "subject_id",
        "subject__external_id",
        "subject__erasure_class",
        "pk",
        "item_id",
        "rating",
    )
    for (subject, external_id, erasure_class), group in groupby(
        rows.iterator(chunk_size=10_000), key=itemgetter(0, 1, 2)
    ):
        own = list(group)
        yield History(
            subject,
            external_id,
            erasure_class,
            records=tuple(row[3] for row in own),
            items=tuple(row[4] for row in own),
            liked=tuple(row[5] > threshold for row in own),
        )


def tastes(plan: Plan, found: Iterable[History], centre: Embeddings) -> dict[int, Floats]:
    """Return each subject's taste by its row id. Every item must have its embedding."""
    found = list(found)
    vectors = _vectors(plan, {item for history in found for item in history.items})
    # Empty where the catalogue was when the plan was made: then nothing is centred.
    centre = centre if centre.size else np.zeros_like(next(iter(vectors.values()), centre))
    return {
        history.subject_id: taste(
            np.array([vectors[item] for item in history.items], np.float32),
            np.array(history.liked, bool),
            centre,
        )
        for history in found
    }


def embedded(plan: Plan, records: "QuerySet[Interaction]") -> "QuerySet[Interaction]":
    """Return those of `records` whose items have an embedding by the plan's encoder."""
    return records.filter(item__embeddings__encoder=plan.config["encoder"]["digest"])


def _vectors(plan: Plan, items: set[int]) -> dict[int, Embeddings]:
    rows = ItemEmbedding.objects.filter(
        encoder=plan.config["encoder"]["digest"], item__in=items
    ).values_list("item_id", "vector")
    return {item: np.frombuffer(bytes(vector), dtype="<f4") for item, vector in rows}
