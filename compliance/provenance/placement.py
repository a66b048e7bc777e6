"""Give every record its shard, slice and place, and every subject its prompts."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from django.db import connection, transaction
from django.db.models.functions import Collate

from compliance.provenance.leaves import leaves_write
from compliance.provenance.models import ErrorRow, Plan, Prompt, RecordPlace
from compliance.records.models import Interaction, Subject
from recmodel.partition import is_validation, shard_of, slice_of
from recmodel.prompts import prompt_ranges

Progress = Callable[[int, int], None]

_WHERE = ("shard", "slice")


def unplaced_subjects(plan: Plan) -> "list[int]":
    """Return the ids of subjects that have a record without a place in `plan`, in order."""
    rows = Interaction.objects.exclude(record_place__plan=plan)
    return sorted(rows.values_list("subject_id", flat=True).distinct())


@transaction.atomic
def place_new_records(plan: Plan, on_progress: Progress | None = None) -> int:
    """Place all records that have no place yet; return how many subjects were placed.

    A subject with new records is placed anew as a whole: a late record may stand between old ones.
    """
    subjects = unplaced_subjects(plan)
    RecordPlace.objects.filter(subject_id__in=subjects).delete()
    Prompt.objects.filter(subject_id__in=subjects).delete()
    ErrorRow.objects.filter(subject_id__in=subjects).delete()
    places: list[tuple[object, ...]] = []
    prompts: list[tuple[object, ...]] = []
    for done, (subject_id, external_id, records) in enumerate(_histories(subjects), start=1):
        shard, slice_ = place_of(plan, external_id)
        places += [
            (record, plan.pk, subject_id, shard, slice_, place)
            for place, record in enumerate(records)
        ]
        prompts += [
            (plan.pk, subject_id, shard, slice_, *bounds) for bounds in _ranges(plan, len(records))
        ]
        if on_progress:
            on_progress(done, len(subjects))
    _copy(RecordPlace, ("interaction_id", "plan_id", "subject_id", *_WHERE, "place"), places)
    _copy(Prompt, ("plan_id", "subject_id", *_WHERE, "first", "target", "end"), prompts)
    leaves_write(plan, subjects)
    return len(subjects)


def place_of(plan: Plan, external_id: str) -> tuple[int | None, int]:
    """Return the shard (None for a validation subject) and slice of a subject under `plan`."""
    partition = plan.config["partition"]
    key = plan.partition_key
    slice_ = slice_of(key, external_id, plan.slices)
    if is_validation(key, external_id, partition["validation_share"]):
        return None, slice_
    return shard_of(key, external_id, plan.shards), slice_


def _histories(subjects: list[int]) -> Iterator[tuple[int, str, list[int]]]:
    """Yield subject id, external id and the ids of its records in time order."""
    rows = (
        Interaction.objects.filter(subject_id__in=subjects)
        .order_by("subject_id", "occurred_at", Collate("item__external_id", "C"))
        .values_list("subject_id", "subject__external_id", "pk")
    )
    for (subject_id, external_id), group in groupby(
        rows.iterator(chunk_size=10_000), key=itemgetter(0, 1)
    ):
        yield subject_id, external_id, [row[2] for row in group]


def _ranges(plan: Plan, records: int) -> Iterable[tuple[int, int, int]]:
    training = plan.config["training"]
    ranges = prompt_ranges(
        records,
        history_size=training["history_size"],
        targets_per_prompt=training["targets_per_prompt"],
        min_history=training["min_history"],
    )
    return ((part.first, part.target, part.end) for part in ranges)


def _copy(
    model: type[RecordPlace] | type[Prompt],
    columns: tuple[str, ...],
    rows: list[tuple[object, ...]],
) -> None:
    table = model._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def subject_touches(subject: Subject) -> tuple[Plan, int, int] | None:
    """Return plan, shard and slice that learned from the subject, or None if none did."""
    prompts = Prompt.objects.select_related("plan").filter(subject=subject, plan__is_active=True)
    prompt = prompts.first()
    if prompt is None or prompt.shard is None:
        return None
    return prompt.plan, prompt.shard, prompt.slice
