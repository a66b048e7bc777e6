"""What in the model learned from a subject's records."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from compliance.erasure.models import ErasureRequest, TouchedShard
from compliance.provenance.manifests import as_json, slice_manifests, subject_commitments
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.placement import Taught, place_again, taught_by
from compliance.provenance.plans import active_plan
from compliance.records.models import Subject


@dataclass(frozen=True)
class Lesson:
    """What an adapter had learned from a subject before some of its records went.

    manifest: what the shard learned from; commitments: of the records that go.
    """

    plan: Plan
    subject_id: int
    taught: Taught
    manifest: list[dict[str, Any]]
    commitments: list[bytes]


@dataclass(frozen=True)
class Touch:
    """A shard that an erasure changes, from which slice on, and what it learned from, before.

    commitments: of the records that were erased from it, none where the subject only moved in;
    withdrawn: how many more records left it, as the subject moved away or has too few left.
    """

    plan: Plan
    shard: int
    slice: int
    manifest: list[dict[str, Any]]
    commitments: list[bytes]
    withdrawn: int = 0


def lesson_of(external_id: str, records: Collection[int]) -> Lesson | None:
    """Return what was learned from these of the subject's records; None if nothing was."""
    plan = active_plan()
    subject = Subject.objects.filter(external_id=external_id).first()
    taught = taught_by(plan, [subject.pk]).get(subject.pk) if plan and subject else None
    if plan is None or subject is None or taught is None:
        return None
    commitments = subject_commitments(subject.pk, only=records)
    if not commitments:
        return None
    return Lesson(
        plan=plan,
        subject_id=subject.pk,
        taught=taught,
        manifest=as_json(slice_manifests(plan, taught.shard)),
        commitments=commitments,
    )


def rest_place(external_id: str) -> None:
    """Place anew what an erasure has left of a subject's placed records."""
    plan = active_plan()
    subject = Subject.objects.filter(external_id=external_id).first()
    if plan and subject:
        place_again(plan, subject)


def touches_of(lesson: Lesson) -> list[Touch]:
    """Return what the erasure touched, once the rest is placed: two shards if the subject moved."""
    plan, taught = lesson.plan, lesson.taught
    now = taught_by(plan, [lesson.subject_id]).get(lesson.subject_id)
    stayed = now.records if now and now.shard == taught.shard else 0
    left = Touch(
        plan=plan,
        shard=taught.shard,
        slice=taught.slice,
        manifest=lesson.manifest,
        commitments=lesson.commitments,
        withdrawn=taught.records - len(lesson.commitments) - stayed,
    )
    if now is None or now.shard == taught.shard:
        return [left]
    newest = plan.adapters.filter(shard=now.shard).order_by("-generation").first()
    assert newest is not None  # a refresh has queued every shard before it places anybody
    joined = Touch(plan, now.shard, now.slice, manifest=newest.manifest, commitments=[])
    return [left, joined]


def touch_record(
    request: ErasureRequest, touch: Touch, *, before: Adapter | None, adapter: Adapter
) -> TouchedShard:
    """Keep with the request what was touched and which generation will be free of it."""
    return TouchedShard.objects.create(
        request=request,
        plan=touch.plan,
        shard=touch.shard,
        first_slice=touch.slice,
        generation=adapter.generation,
        adapter_before=before.digest if before else "",
        manifest_before=touch.manifest,
        removed=b"".join(touch.commitments),
    )
