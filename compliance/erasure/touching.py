"""What in the model learned from a subject's records."""

from dataclasses import dataclass
from typing import Any

from compliance.erasure.models import ErasureRequest, TouchedShard
from compliance.provenance.manifests import as_json, slice_manifests, subject_commitments
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.placement import subject_touches
from compliance.records.models import Subject


@dataclass(frozen=True)
class Touch:
    """The shard and slice that learned from a subject, and what they learned from, before."""

    plan: Plan
    shard: int
    slice: int
    manifest: list[dict[str, Any]]
    commitments: list[bytes]


def touch_of(external_id: str) -> Touch | None:
    """Return what the subject's records touched; None if no adapter learned from them."""
    subject = Subject.objects.filter(external_id=external_id).first()
    touched = subject_touches(subject) if subject else None
    if subject is None or touched is None:
        return None
    plan, shard, slice_ = touched
    return Touch(
        plan=plan,
        shard=shard,
        slice=slice_,
        manifest=as_json(slice_manifests(plan, shard)),
        commitments=subject_commitments(subject.pk),
    )


def touch_record(
    request: ErasureRequest, touch: Touch, *, fallen: Adapter | None, adapter: Adapter
) -> TouchedShard:
    """Keep with the request what was touched and which generation will be free of it."""
    return TouchedShard.objects.create(
        request=request,
        plan=touch.plan,
        shard=touch.shard,
        first_slice=touch.slice,
        generation=adapter.generation,
        adapter_before=fallen.digest if fallen else "",
        manifest_before=touch.manifest,
        removed=b"".join(touch.commitments),
    )
