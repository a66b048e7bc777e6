"""The retraining that follows an approval, as it is shown on the request's page."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from compliance.erasure.following import CERTIFY, FOLLOWING
from compliance.erasure.models import ErasureRequest, TouchedShard
from compliance.jobs.admin_progress import STATE_COLOURS, percent
from compliance.jobs.models import Job
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.models import Adapter


@dataclass(frozen=True)
class Work:
    """A job for this request."""

    job: Job
    title: str
    percent: int | None
    colour: str


def progress_context(request: ErasureRequest) -> dict[str, Any]:
    """Return what the progress part of the page shows; it changes by itself while at work."""
    at_work = request.status in FOLLOWING
    return {"original": request, "work": work_of(request), "at_work": at_work}


def work_of(request: ErasureRequest) -> list[Work]:
    """Return the newest job of each kind for each shard that the request touched, in order."""
    wanted: list[tuple[str, str, str]] = []
    for touched in request.touched.select_related("plan").order_by("shard"):
        adapter = _adapter_for(request, touched)
        if adapter:
            retrain = _("Retrain the adapter of shard %(shard)s") % {"shard": adapter.shard}
            replay = _("Replay it in another process: %(adapter)s") % {"adapter": adapter}
            wanted.append((TRAIN, str(adapter.pk), retrain))
            wanted.append((REPLAY, str(adapter.pk), replay))
    wanted.append((CERTIFY, str(request.pk), _("Sign the certificate")))
    found = [(title, _newest(kind, target)) for kind, target, title in wanted]
    return [Work(job, title, percent(job), STATE_COLOURS[job.state]) for title, job in found if job]


def _newest(kind: str, target: str) -> Job | None:
    return Job.objects.filter(kind=kind, target=target).order_by("-created_at").first()


def _adapter_for(request: ErasureRequest, touched: TouchedShard) -> Adapter | None:
    """Return the adapter that this request waits for, or the one that completed it."""
    if request.completed_at is None:
        return touched.successor()
    adapters = touched.plan.adapters.filter(
        shard=touched.shard,
        generation__gte=touched.generation,
        activated_at__lte=request.completed_at,
    )
    return adapters.order_by("-generation").first()
