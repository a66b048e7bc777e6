"""Reads for the API of erasure requests."""

from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import Job, JobState
from compliance.provenance.adapters import REPLAY, TRAIN
from compliance.provenance.models import Adapter

NOBODY = "none"


def requests_listed(
    *,
    state: str | None = None,
    channel: str | None = None,
    overdue: bool | None = None,
    paused: bool | None = None,
    assignee: str | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
) -> QuerySet[ErasureRequest]:
    """Return the requests that are all of what is given.

    assignee: a user's number, or `NOBODY`. Days are the controller's, and part of their span.
    Due dates are those of `due_on`, to which a clock that stands adds when it runs again.
    """
    equal = {
        "state": state,
        "channel": channel,
        "assignee": None if assignee == NOBODY else assignee,
        "received_at__gte": received_from and _midnight(received_from),
        "received_at__lt": received_to and _midnight(received_to + timedelta(days=1)),
        "due_on__gte": due_from,
        "due_on__lte": due_to,
    }
    found = ErasureRequest.objects.select_related("certificate").filter(
        **{name: value for name, value in equal.items() if value is not None}
    )
    if assignee == NOBODY:
        found = found.filter(assignee=None)
    if paused is not None:
        found = found.filter(paused_on__isnull=not paused)
    if overdue is None:
        return found
    late = ErasureRequest.objects.overdue(timezone.localdate()).values("pk")
    return found.filter(pk__in=late) if overdue else found.exclude(pk__in=late)


def open_job(adapter: Adapter) -> Job | None:
    """Return the training or replay of `adapter` that waits or runs."""
    return Job.objects.filter(
        kind__in=[TRAIN, REPLAY],
        target=str(adapter.pk),
        state__in=[JobState.QUEUED, JobState.RUNNING],
    ).first()


def _midnight(day: date) -> datetime:
    """Return the moment at which the day begins where the controller is."""
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())
