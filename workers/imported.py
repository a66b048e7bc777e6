"""The imported records as a data set to evaluate methods on. Read only, and for no plan."""

from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models.functions import Collate

from compliance.recommendations.loading import catalogue_by
from compliance.records.models import Interaction
from compliance.records.restricted import restricted_subjects
from recmodel.encoder import Encoder
from recmodel.evaluation.data import DataSet, split_by_time
from recmodel.prompts import Reaction
from workers.embedding import embed_items


def imported(
    encoder: Encoder,
    on_embedded: Callable[[int, int], None],
    *,
    liked_above: Decimal,
    most_targets: int | None,
) -> DataSet:
    """Return all subjects' records in time order; items without an embedding are embedded first.

    Restricted subjects are left out. most_targets: see `split_by_time`. on_embedded: see
    `embed_items`.
    """
    embed_items(encoder, on_embedded)
    catalogue = catalogue_by(encoder.digest)
    split = split_by_time(_records(liked_above), most_targets)
    return DataSet("the imported records", f"a rating above {liked_above}", catalogue, split)


def _records(liked_above: Decimal) -> dict[str, list[Reaction]]:
    rows = (
        Interaction.objects.exclude(subject__in=restricted_subjects())
        .order_by(
            Collate("subject__external_id", "C"),
            "occurred_at",
            Collate("item__external_id", "C"),
        )
        .values_list("subject__external_id", "item__external_id", "rating", "occurred_at")
        .iterator(chunk_size=10_000)
    )
    return {
        subject: [
            Reaction(item, rating > liked_above, at.isoformat()) for _, item, rating, at in own
        ]
        for subject, own in groupby(rows, key=itemgetter(0))
    }
