"""Give every record its shard, slice and place, and every subject its prompts."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from compliance.provenance.histories import History, embedded, histories, tastes
from compliance.provenance.leaves import leaves_write
from compliance.provenance.models import (
    ErrorRow,
    FrozenShard,
    Plan,
    Prompt,
    RecordPlace,
    SubjectLeaf,
)
from compliance.provenance.partitioning import freeze, needs_tastes, plan_partitioner
from compliance.records.models import Interaction, Subject
from compliance.records.restricted import restricted_subjects
from compliance.records.services import ingest_lock
from recmodel.partition import Partitioner, is_validation, slice_of
from recmodel.prompts import prompt_ranges
from recmodel.taste import Floats

Progress = Callable[[int, int], None]

_WHERE = ("shard", "slice")
_NO_TASTE = np.zeros(0)


@dataclass(frozen=True)
class Taught:
    """Where a subject's prompts taught an adapter, and how many records they were cut from."""

    shard: int
    slice: int
    records: int


@dataclass(frozen=True)
class Left:
    """What subjects who moved had taught a shard: from which slice on, and how many records."""

    first_slice: int
    records: int


def unplaced_subjects(plan: Plan) -> list[int]:
    """Return the ids of subjects that have a record without a place in `plan`, in order.

    A record whose item has no embedding yet waits: no model can read it.
    """
    rows = _placeable(plan).exclude(record_place__plan=plan)
    return sorted(rows.values_list("subject_id", flat=True).distinct())


@transaction.atomic
def place_new_records(plan: Plan, on_progress: Progress | None = None) -> dict[int, Left]:
    """Place all records that have no place yet, and subjects whose erasure class has changed.

    A subject with new records is placed anew as a whole: a late record may stand between old ones,
    and new ones can move the subject to another shard. A restricted subject is not placed, and
    loses the places that it has. Returns, by shard, what was taught by subjects who have left
    their slice: quarantine it in the same transaction, or an erasure of such a subject would miss
    it.
    """
    restricted = set(restricted_subjects())
    subjects = sorted({*unplaced_subjects(plan), *_reclassified(plan)} - restricted)
    before = taught_by(plan, [*subjects, *restricted])
    _withdraw(restricted)
    found = list(histories(plan, _placeable(plan).filter(subject_id__in=subjects)))
    _place(plan, found, {}, on_progress)
    # From here to the end of the transaction nobody is restricted; who was meanwhile goes.
    ingest_lock()
    late = set(restricted_subjects()) - restricted
    before |= taught_by(plan, sorted(late - set(subjects)))
    _withdraw(late)
    return _left(before, taught_by(plan, list(before)))


@transaction.atomic
def restricted_withdraw(plan: Plan, shards: Collection[int]) -> dict[int, Left]:
    """Take their places from the restricted subjects of `shards` and of the validation set.

    An erasure calls it before it trains `shards` and judges anew. Returns, by shard, what they
    had taught: see `place_new_records`.
    """
    placed = RecordPlace.objects.filter(plan=plan, subject__in=restricted_subjects())
    here = placed.filter(Q(shard__in=shards) | Q(shard=None))
    subjects = set(here.values_list("subject_id", flat=True))
    before = taught_by(plan, list(subjects))
    _withdraw(subjects)
    return _left(before, {})


@transaction.atomic
def place_again(plan: Plan, subject: Subject) -> None:
    """Place a subject's records anew after some were erased: those that had a place, no others.

    The slice stays: it goes by the erasure class that the last refresh took in.
    """
    records = Interaction.objects.filter(subject=subject, record_place__plan=plan)
    places = RecordPlace.objects.filter(plan=plan, subject=subject)
    slices = dict(places.values_list("subject_id", "slice").distinct())
    found = list(histories(plan, records))
    if found:
        _place(plan, found, slices, None)
        return
    _withdraw({subject.pk})


def shard_without(plan: Plan, subject: Subject, gone: Collection[int]) -> int | None:
    """Return the shard that the subject's placed records without `gone` would go to, if any."""
    records = Interaction.objects.filter(subject=subject, record_place__plan=plan)
    found = list(histories(plan, records.exclude(pk__in=gone)))
    if not found:
        return None
    likes = tastes(plan, found, plan.centre) if needs_tastes(plan) else {}
    return _shard(plan, plan_partitioner(plan, found, likes), found[0], likes.get(subject.pk))


def taught_by(plan: Plan, subjects: Collection[int]) -> dict[int, Taught]:
    """Return where each of `subjects` has prompts that an adapter learns from, by row id."""
    theirs = {"plan": plan, "subject__in": subjects, "shard__isnull": False}
    prompts = Prompt.objects.filter(**theirs).values_list("subject_id", flat=True)
    places = RecordPlace.objects.filter(**theirs).values_list("subject_id", *_WHERE)
    with_prompts = set(prompts.distinct())
    return {
        subject: Taught(*where)
        for subject, *where in places.annotate(records=Count("pk"))
        if subject in with_prompts
    }


def _withdraw(subjects: Collection[int]) -> None:
    """Place nothing of these subjects any more."""
    for model in (RecordPlace, Prompt, FrozenShard, SubjectLeaf, ErrorRow):
        model.objects.filter(subject__in=subjects).delete()


def _placeable(plan: Plan) -> "QuerySet[Interaction]":
    return embedded(plan, Interaction.objects.all())


def _reclassified(plan: Plan) -> list[int]:
    """Return the ids of placed subjects whose erasure class names another slice than theirs."""
    if not plan.slice_by:
        return []
    rows = RecordPlace.objects.filter(plan=plan, place=0).values_list(
        "subject_id", "subject__external_id", "subject__erasure_class", "slice"
    )
    return [
        subject
        for subject, external_id, erasure_class, slice_ in rows.iterator(chunk_size=10_000)
        if _slice(plan, external_id, erasure_class) != slice_
    ]


def _left(before: Mapping[int, Taught], after: Mapping[int, Taught]) -> dict[int, Left]:
    left: dict[int, Left] = {}
    for subject, old in before.items():
        new = after.get(subject)
        if new and (new.shard, new.slice) == (old.shard, old.slice):
            continue
        gone = 0 if new and new.shard == old.shard else old.records
        others = left.get(old.shard, Left(old.slice, 0))
        left[old.shard] = Left(min(others.first_slice, old.slice), others.records + gone)
    return left


def _place(
    plan: Plan,
    found: list[History],
    slices: Mapping[int, int],
    on_progress: Progress | None,
) -> None:
    """Write places and prompts of `found` in place of those there; who is in `slices` keeps it."""
    subjects = [history.subject_id for history in found]
    RecordPlace.objects.filter(subject_id__in=subjects).delete()
    Prompt.objects.filter(subject_id__in=subjects).delete()
    ErrorRow.objects.filter(subject_id__in=subjects).delete()
    likes = tastes(plan, found, plan.centre) if needs_tastes(plan) else {}
    chooser = plan_partitioner(plan, found, likes)
    shards: dict[int, int | None] = {}
    places: list[tuple[object, ...]] = []
    prompts: list[tuple[object, ...]] = []
    for done, history in enumerate(found, start=1):
        subject = history.subject_id
        shards[subject] = shard = _shard(plan, chooser, history, likes.get(subject))
        kept = slices.get(subject)
        slice_ = _slice(plan, history.external_id, history.erasure_class) if kept is None else kept
        where = (plan.pk, subject, shard, slice_)
        places += [(record, *where, place) for place, record in enumerate(history.records)]
        prompts += [(*where, *bounds) for bounds in _ranges(plan, len(history.records))]
        if on_progress:
            on_progress(done, len(found))
    _copy(RecordPlace, ("interaction_id", "plan_id", "subject_id", *_WHERE, "place"), places)
    _copy(Prompt, ("plan_id", "subject_id", *_WHERE, "first", "target", "end"), prompts)
    freeze(plan, shards, likes)
    leaves_write(plan, subjects)


def _shard(plan: Plan, chooser: Partitioner, history: History, likes: Floats | None) -> int | None:
    """Return the subject's shard, None for a validation subject."""
    share = plan.config["partition"]["validation_share"]
    if is_validation(plan.partition_key, history.external_id, share):
        return None
    return chooser.shard(history.external_id, _NO_TASTE if likes is None else likes)


def _slice(plan: Plan, external_id: str, erasure_class: str) -> int:
    return slice_of(
        plan.partition_key,
        external_id,
        plan.slices,
        erasure_class=erasure_class,
        classes=plan.slice_by,
    )


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
