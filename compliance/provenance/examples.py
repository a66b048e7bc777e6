"""A shard's prompts as the model takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models.functions import Collate

from compliance.provenance.models import Plan, Prompt, RecordPlace
from compliance.records.models import Interaction
from recmodel.prompts import Prompt as Example
from recmodel.prompts import PromptRange, Reaction, prompts_of


@dataclass(frozen=True)
class SubjectExamples:
    """What one subject teaches: its placed records in time order, and the prompts they make."""

    subject_id: int
    subject: str
    slice: int
    records: list[Reaction]
    prompts: list[Example]


def shard_examples(plan: Plan, shard: int) -> list[list[Example]]:
    """Return the prompts of each slice."""
    slices: list[list[Example]] = [[] for _ in range(plan.slices)]
    for examples in subjects_examples(plan, shard):
        slices[examples.slice] += examples.prompts
    return slices


def subjects_examples(plan: Plan, shard: int | None) -> Iterator[SubjectExamples]:
    """Yield what each subject of a shard teaches; shard None means the validation subjects."""
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
        prompts = prompts_of(subject, records, ranges.get(subject_id, []))
        yield SubjectExamples(subject_id, subject, slice_, records, prompts)


def _ranges(plan: Plan, shard: int | None) -> dict[int, list[PromptRange]]:
    ranges: dict[int, list[PromptRange]] = {}
    rows = Prompt.objects.filter(plan=plan, shard=shard).values_list(
        "subject_id", "first", "target", "end"
    )
    for subject_id, first, target, end in rows.order_by("subject_id", "target"):
        ranges.setdefault(subject_id, []).append(PromptRange(first, target, end))
    return ranges


@dataclass(frozen=True)
class Reactions:
    """A subject's interactions in time order: all, and those that have a place under the plan."""

    all: list[Reaction]
    placed: list[Reaction]


def reactions_of(plan: Plan, external_id: str) -> Reactions:
    """Return what serving looks at of a subject, known or unknown."""
    threshold = Decimal(plan.config["like_threshold"])
    rows = (
        Interaction.objects.filter(subject__external_id=external_id)
        .order_by("occurred_at", Collate("item__external_id", "C"))
        .values_list("item__external_id", "rating", "occurred_at", "record_place__plan")
    )
    found = [
        (Reaction(item=item, liked=rating > threshold, at=at.isoformat()), placed_by)
        for item, rating, at, placed_by in rows
    ]
    return Reactions(
        all=[reaction for reaction, _ in found],
        placed=[reaction for reaction, placed_by in found if placed_by == plan.pk],
    )
