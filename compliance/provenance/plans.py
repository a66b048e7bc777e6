"""Plans: make one, and put it in the place of another."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from compliance.canonical import json_digest
from compliance.jobs.services import job_cancel_open
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.models import (
    OPEN_ADAPTER_STATES,
    Adapter,
    AdapterState,
    Checkpoint,
    FrozenShard,
    Plan,
)
from compliance.provenance.releases import REFIT, release_publish, serving_lock


def active_plan() -> Plan | None:
    """Return the plan in force, or None before the first."""
    return Plan.objects.filter(is_active=True).first()


def active_plan_digest() -> str:
    """Return the digest of the plan in force, "" before the first, without its long content."""
    return Plan.objects.filter(is_active=True).values_list("digest", flat=True).first() or ""


@transaction.atomic
def plan_activate(*, config: dict[str, Any]) -> Plan:
    """Put a plan in force. One with the same content is the same plan.

    The adapters of the plan before go out of service with it: the places of records are those of
    one plan, and without them no erasure could find what it has to take back. So place the records
    in the same transaction. Until the first shard is trained the frozen base serves alone.
    """
    serving_lock()
    digest = json_digest(config)
    current = active_plan()
    if current and current.digest == digest:
        return current
    if current:
        _retire(current)
    plan, _ = Plan.objects.get_or_create(digest=digest, defaults={"config": config})
    Plan.objects.filter(pk=plan.pk).update(is_active=True)
    plan.is_active = True
    release_publish(plan=plan)
    return plan


def _retire(plan: Plan) -> None:
    now = timezone.now()
    Plan.objects.filter(pk=plan.pk).update(is_active=False)
    job_cancel_open(kind=REFIT, target=str(plan.pk))
    FrozenShard.objects.filter(plan=plan).delete()
    for adapter in plan.adapters.filter(state__in=OPEN_ADAPTER_STATES):
        for kind in (TRAIN, REPLAY):
            job_cancel_open(kind=kind, target=str(adapter.pk))
    Adapter.objects.filter(plan=plan, state__in=[*OPEN_ADAPTER_STATES, AdapterState.ACTIVE]).update(
        state=AdapterState.SUPERSEDED
    )
    Checkpoint.objects.filter(adapter__plan=plan, quarantined_at=None).update(quarantined_at=now)
