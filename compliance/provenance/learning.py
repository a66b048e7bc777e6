"""What an erasure would touch, quickly: counts and rows by index, no manifest is computed."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from compliance.provenance.models import (
    Adapter,
    AdapterState,
    Checkpoint,
    Plan,
    Prompt,
    RecordPlace,
)
from compliance.provenance.placement import shard_without, subject_touches
from compliance.records.models import Subject

Facts = list[tuple[str, object]]


@dataclass(frozen=True)
class Learning:
    """Counts of the records and prompts that go, and the shard, slice and adapter they shaped.

    `shard` is None for a validation subject and for one without a prompt: no adapter learned.
    `adapter` is the one in service or, while none is, the newest; `clean` is the furthest of the
    shard's checkpoints that has not seen the subject and can be served. `moves_to` is the shard
    that the rest of the records would move the subject to, None if it stays.
    """

    records: int
    prompts: int
    plan: Plan | None = None
    shard: int | None = None
    slice: int | None = None
    adapter: Adapter | None = None
    clean: Checkpoint | None = None
    moves_to: int | None = None


@dataclass(frozen=True)
class Touched:
    """Where a subject's prompts taught an adapter; `rest` is the shard that what stays goes to."""

    plan: Plan
    shard: int
    slice: int
    rest: int | None


def subject_touched(subject: Subject, gone: Collection[int]) -> Touched | None:
    """Return what learned from the records `gone`, None if no adapter did."""
    if not RecordPlace.objects.filter(subject=subject, pk__in=gone).exists():
        return None
    touched = subject_touches(subject)
    if touched is None:
        return None
    plan, shard, slice_ = touched
    return Touched(plan, shard, slice_, shard_without(plan, subject, gone))


def subject_learning(
    subject: Subject | None, gone: Collection[int], touched: Touched | None
) -> Learning:
    """Return what learned from the records `gone` of `subject`, as the database stands now.

    Where some records stay, all the subject's prompts are cut anew.
    """
    if subject is None:
        return Learning(records=0, prompts=0)
    placed = touched or RecordPlace.objects.filter(subject=subject, pk__in=gone).exists()
    prompts = Prompt.objects.filter(subject=subject).count() if placed else 0
    learning = Learning(records=len(gone), prompts=prompts)
    if touched is None:
        return learning
    plan, shard, slice_ = touched.plan, touched.shard, touched.slice
    adapters = plan.adapters.filter(shard=shard).order_by("-generation")
    return replace(
        learning,
        plan=plan,
        shard=shard,
        slice=slice_,
        adapter=adapters.filter(state=AdapterState.ACTIVE).first() or adapters.first(),
        clean=_clean_checkpoint(plan, shard, slice_),
        moves_to=None if touched.rest == shard else touched.rest,
    )


def _clean_checkpoint(plan: Plan, shard: int, before: int) -> Checkpoint | None:
    served = [AdapterState.ACTIVE, AdapterState.QUARANTINED]
    checkpoints = Checkpoint.objects.clean().filter(
        adapter__plan=plan, adapter__shard=shard, adapter__state__in=served, slice__lt=before
    )
    return checkpoints.order_by("-adapter__generation", "-slice").first()


def adapter_words(adapter: Adapter | None) -> str:
    """Return which adapter it is and how it stands."""
    if adapter is None:
        return _("none trained yet")
    return f"{capfirst(str(adapter))} ({adapter.get_state_display().lower()})"
