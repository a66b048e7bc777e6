"""Destroy the weights that are out of service and that nothing clean shares."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from compliance.provenance.artefacts import artefact_destroy
from compliance.provenance.models import OPEN_ADAPTER_STATES, Checkpoint, Plan
from compliance.provenance.releases import serving_lock


@dataclass(frozen=True)
class Destroyed:
    """One artefact that is gone."""

    digest: str
    at: datetime


@transaction.atomic
def artefacts_destroy_waste(*, plan: Plan, shard: int) -> list[Destroyed]:
    """Remove the shard's quarantined weights; weights that a clean checkpoint shares stay.

    Checkpoints of a generation that is still being made wait until it is done.
    """
    serving_lock()
    waste = Checkpoint.objects.filter(
        adapter__plan=plan,
        adapter__shard=shard,
        quarantined_at__isnull=False,
        destroyed_at=None,
    ).exclude(adapter__state__in=OPEN_ADAPTER_STATES)
    shared = set(Checkpoint.objects.clean().values_list("digest", flat=True))
    now = timezone.now()
    digests = sorted(set(waste.values_list("digest", flat=True)))
    for digest in digests:
        if digest not in shared:
            artefact_destroy(digest)
    waste.update(destroyed_at=now)
    return [Destroyed(digest=digest, at=now) for digest in digests if digest not in shared]
