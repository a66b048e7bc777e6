"""What learned from a subject's records: shard, slice, prompts and adapters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db.models.functions import Collate

from compliance.provenance.manifests import slice_manifests
from compliance.provenance.models import Adapter, Checkpoint, Plan, Prompt, RecordPlace
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import live_release
from compliance.records.models import Interaction, Subject


class UnknownSubjectError(Exception):
    """No subject has the identifier that was asked for."""


class Learned(StrEnum):
    """What an adapter has learned from a subject, as far as manifests and dates can tell."""

    ALL = "all"  # its slice was trained on the records as they are now
    PART = "part"  # its slice was trained on other records, some of these perhaps among them
    NOT_YET = "not-yet"  # it is planned with these records and has not come to them
    NOTHING = "nothing"  # it is older than all of these records


@dataclass(frozen=True)
class Record:
    """One record and its place; how many prompts have it as history, how many as a target."""

    place: int | None
    item: str
    title: str
    rating: Decimal
    occurred_at: datetime
    as_history: int
    as_target: int


@dataclass(frozen=True)
class PromptCover:
    """Places that a prompt covers: history [first, target), targets [target, end)."""

    first: int
    target: int
    end: int


@dataclass(frozen=True)
class Learner:
    """An adapter of the subject's shard. `digest` is of its weights after the subject's slice."""

    generation: int
    state: str
    learned: Learned
    digest: str
    releases: tuple[int, ...]  # those that served weights after the subject's slice
    is_live: bool
    quarantined_at: datetime | None
    destroyed_at: datetime | None


@dataclass(frozen=True)
class SubjectProvenance:
    """All of it. A validation subject has a slice and no shard; one without a place has neither."""

    subject: str
    plan: str
    shard: int | None
    slice: int | None
    is_validation: bool
    records: tuple[Record, ...]
    prompts: tuple[PromptCover, ...]
    adapters: tuple[Learner, ...]

    @property
    def unplaced(self) -> int:
        """Return how many records have no place yet."""
        return sum(record.place is None for record in self.records)


def subject_provenance(external_id: str) -> SubjectProvenance:
    """Return what learned from the subject, as the database stands now.

    Raises `UnknownSubjectError`; the message holds no identifier.
    """
    subject = Subject.objects.filter(external_id=external_id).first()
    if subject is None:
        raise UnknownSubjectError("There is no subject with this identifier.")
    place = RecordPlace.objects.select_related("plan").filter(subject=subject).first()
    plan = place.plan if place else active_plan()
    prompts = _prompts(subject)
    records = tuple(_records(subject, prompts))
    return SubjectProvenance(
        subject=external_id,
        plan=plan.digest if plan else "",
        shard=place.shard if place else None,
        slice=place.slice if place else None,
        is_validation=place is not None and place.shard is None,
        records=records,
        prompts=prompts,
        adapters=tuple(_learners(subject, place)) if place and prompts else (),
    )


def _prompts(subject: Subject) -> tuple[PromptCover, ...]:
    rows = Prompt.objects.filter(subject=subject).order_by("target")
    return tuple(PromptCover(*row) for row in rows.values_list("first", "target", "end"))


def _records(subject: Subject, prompts: Iterable[PromptCover]) -> Iterable[Record]:
    """Yield the subject's records in time order."""
    rows = (
        Interaction.objects.filter(subject=subject)
        .order_by("occurred_at", Collate("item__external_id", "C"))
        .values_list(
            "record_place__place", "item__external_id", "item__title", "rating", "occurred_at"
        )
    )
    for place, item, title, rating, occurred_at in rows:
        in_history = sum(cover.first <= place < cover.target for cover in _placed(place, prompts))
        in_targets = sum(cover.target <= place < cover.end for cover in _placed(place, prompts))
        yield Record(place, item, title, rating, occurred_at, in_history, in_targets)


def _placed(place: int | None, prompts: Iterable[PromptCover]) -> Iterable[PromptCover]:
    return () if place is None else prompts


def _learners(subject: Subject, place: RecordPlace) -> Iterable[Learner]:
    """Yield the adapters of the subject's shard, the newest first."""
    if place.shard is None:
        return
    plan, shard = place.plan, place.shard
    first_ingested = subject.interactions.earliest("ingested_at").ingested_at
    root = slice_manifests(plan, shard)[place.slice].root
    live, _ = live_release()
    for adapter in _adapters(plan, shard):
        checkpoints = [part for part in adapter.checkpoints.all() if part.slice >= place.slice]
        releases = {release for part in checkpoints for release in part.releases.all()}
        after = checkpoints[0] if checkpoints else None
        yield Learner(
            generation=adapter.generation,
            state=adapter.state,
            learned=_learned(adapter, place.slice, root, first_ingested, after),
            digest=after.digest if after else "",
            releases=tuple(sorted(release.number for release in releases)),
            is_live=live in releases,
            quarantined_at=after.quarantined_at if after else None,
            destroyed_at=after.destroyed_at if after else None,
        )


def _adapters(plan: Plan, shard: int) -> Iterable[Adapter]:
    adapters = plan.adapters.filter(shard=shard).order_by("-generation")
    return adapters.prefetch_related("checkpoints__releases")


def _learned(
    adapter: Adapter,
    slice_: int,
    root: str,
    first_ingested: datetime,
    after: Checkpoint | None,
) -> Learned:
    if adapter.manifest[slice_]["root"] == root:
        return Learned.ALL if after else Learned.NOT_YET
    if after is None or adapter.created_at < first_ingested:
        return Learned.NOTHING
    return Learned.PART
