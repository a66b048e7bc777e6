"""A shard's prompts as the model takes them."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models.functions import Collate

from compliance.provenance.models import Plan, Prompt, RecordPlace
from compliance.records.models import Interaction
from recmodel.prompts import Prompt as Example
from recmodel.prompts import PromptRange, Reaction, prompts_of


def shard_examples(plan: Plan, shard: int | None) -> list[list[Example]]:
    """Return each slice's prompts; shard None means the validation subjects."""
    slices: list[list[Example]] = [[] for _ in range(plan.slices)]
    for slice_, examples in _examples(plan, shard):
        slices[slice_] += examples
    return slices


def _examples(plan: Plan, shard: int | None) -> Iterator[tuple[int, list[Example]]]:
    ranges = _ranges(plan, shard)
    threshold = Decimal(plan.config["like_threshold"])
    rows = (
        RecordPlace.objects.filter(plan=plan, shard=shard)
        .order_by("subject_id", "place")
        .values_list(
            "subject_id",
            "subject__external_id",
            "slice",
            "interaction__item__external_id",
            "interaction__rating",
            "interaction__occurred_at",
        )
    )
    for (subject_id, subject, slice_), group in groupby(
        rows.iterator(chunk_size=10_000), key=itemgetter(0, 1, 2)
    ):
        records = [
            Reaction(item=row[3], liked=row[4] > threshold, at=row[5].isoformat()) for row in group
        ]
        yield slice_, prompts_of(subject, records, ranges.get(subject_id, []))


def _ranges(plan: Plan, shard: int | None) -> dict[int, list[PromptRange]]:
    ranges: dict[int, list[PromptRange]] = {}
    rows = Prompt.objects.filter(plan=plan, shard=shard).values_list(
        "subject_id", "first", "target", "end"
    )
    for subject_id, first, target, end in rows.order_by("subject_id", "target"):
        ranges.setdefault(subject_id, []).append(PromptRange(first, target, end))
    return ranges


def reactions_of(plan: Plan, external_id: str) -> list[Reaction]:
    """Return a subject's interactions in time order, placed or not: what serving looks at."""
    threshold = Decimal(plan.config["like_threshold"])
    rows = (
        Interaction.objects.filter(subject__external_id=external_id)
        .order_by("occurred_at", Collate("item__external_id", "C"))
        .values_list("item__external_id", "rating", "occurred_at")
    )
    return [Reaction(item=row[0], liked=row[1] > threshold, at=row[2].isoformat()) for row in rows]
