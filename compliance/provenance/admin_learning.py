"""What an erasure would touch, quickly: counts and rows by index, no manifest is computed."""

from dataclasses import dataclass

from compliance.provenance.models import (
    Adapter,
    AdapterState,
    Checkpoint,
    Plan,
    Prompt,
)
from compliance.provenance.placement import subject_touches
from compliance.records.models import Interaction, Subject

Facts = list[tuple[str, object]]


@dataclass(frozen=True)
class Learning:
    """Counts of a subject's records and prompts, and the shard, slice and adapter they shaped.

    `shard` is None for a validation subject and for one without a prompt: no adapter learned.
    `adapter` is the one in service or, while none is, the newest; `clean` is the furthest of the
    shard's checkpoints that has not seen the subject and can be served.
    """

    records: int
    prompts: int
    plan: Plan | None = None
    shard: int | None = None
    slice: int | None = None
    adapter: Adapter | None = None
    clean: Checkpoint | None = None

    @property
    def where(self) -> str:
        if self.plan is None or self.shard is None or self.slice is None:
            return "No adapter has learned from this subject"
        return (
            f"Shard {self.shard} of {self.plan.shards}, slice {self.slice} of {self.plan.slices} "
            "(counted from 0)"
        )


def subject_learning(subject: Subject) -> Learning:
    """Return what learned from `subject`, as the database stands now."""
    records = Interaction.objects.filter(subject=subject).count()
    prompts = Prompt.objects.filter(subject=subject).count()
    touched = subject_touches(subject)
    if touched is None:
        return Learning(records=records, prompts=prompts)
    plan, shard, slice_ = touched
    adapters = plan.adapters.filter(shard=shard).order_by("-generation")
    adapter = adapters.filter(state=AdapterState.ACTIVE).first() or adapters.first()
    clean = _clean_checkpoint(plan, shard, slice_)
    return Learning(records, prompts, plan, shard, slice_, adapter, clean)


def _clean_checkpoint(plan: Plan, shard: int, before: int) -> Checkpoint | None:
    served = [AdapterState.ACTIVE, AdapterState.QUARANTINED]
    checkpoints = Checkpoint.objects.clean().filter(
        adapter__plan=plan, adapter__shard=shard, adapter__state__in=served, slice__lt=before
    )
    return checkpoints.order_by("-adapter__generation", "-slice").first()


def adapter_words(adapter: Adapter | None) -> str:
    """Return which adapter it is and how it stands."""
    if adapter is None:
        return "none trained yet"
    return f"{str(adapter).capitalize()} ({adapter.get_state_display().lower()})"
