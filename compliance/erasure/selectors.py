"""Reads for the API of erasure requests."""

from django.db.models import QuerySet
from django.utils import timezone

from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import Job, JobState
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.models import Adapter


def requests_listed(
    *, state: str | None = None, overdue: bool | None = None
) -> QuerySet[ErasureRequest]:
    """Return the requests in `state`, and those that are overdue or are not."""
    requests = ErasureRequest.objects.select_related("certificate")
    if state is not None:
        requests = requests.filter(state=state)
    if overdue is None:
        return requests
    late = ErasureRequest.objects.open().filter(due_on__lt=timezone.localdate())
    ids = late.values("pk")
    return requests.filter(pk__in=ids) if overdue else requests.exclude(pk__in=ids)


def open_job(adapter: Adapter) -> Job | None:
    """Return the training or replay of `adapter` that waits or runs."""
    return Job.objects.filter(
        kind__in=[TRAIN, REPLAY],
        target=str(adapter.pk),
        state__in=[JobState.QUEUED, JobState.RUNNING],
    ).first()
