"""Queue jobs, claim them under a lease, keep the lease, finish them, find the lost ones."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from compliance.jobs.models import Job, JobState, Queue
from compliance.jobs.signals import job_queued

logger = logging.getLogger(__name__)

BACK_OFF_SECONDS = (0, 5, 30, 120, 600)


class LeaseLostError(Exception):
    """Another worker has the job by now, or it was cancelled: stop and write nothing."""


class ImpossibleJobError(Exception):
    """The job cannot succeed, however often it is tried."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, as of one claim."""

    job: Job
    token: int

    def _held(self) -> Any:
        return Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, fencing_token=self.token)

    def prolong(self) -> None:
        """Push the lease's end away from now. Raise `LeaseLostError` if it is lost."""
        self._update(lease_expires_at=_lease_end(), heartbeat_at=Now())

    def progress(self, *, done: int, total: int, note: str) -> None:
        """Record how far the work is, for people to see."""
        self._update(progress_done=done, progress_total=total, progress_note=note[:120])

    def succeed(self) -> None:
        """Finish the job. Call it in the transaction that writes the job's result."""
        self._update(state=JobState.SUCCEEDED, finished_at=Now(), lease_expires_at=None, error="")

    def fail(self, *, error: str, final: bool = False) -> bool:
        """Give the job back for another attempt after a pause; end it after the last or if `final`.

        Returns whether it has ended.
        """
        if final or self.job.attempts >= settings.JOB_MAX_ATTEMPTS:
            self._update(
                state=JobState.FAILED, finished_at=Now(), lease_expires_at=None, error=error
            )
            return True
        pause = BACK_OFF_SECONDS[min(self.job.attempts, len(BACK_OFF_SECONDS)) - 1]
        self._update(
            state=JobState.QUEUED,
            run_after=timezone.now() + timedelta(seconds=pause),
            lease_expires_at=None,
            error=error,
        )
        return False

    def postpone(self, *, seconds: int, reason: str) -> None:
        """Give the job back for later. It has its own schedule: this is no failed attempt."""
        self._update(
            state=JobState.QUEUED,
            attempts=0,
            run_after=Now() + timedelta(seconds=seconds),
            lease_expires_at=None,
            error=reason,
        )

    def release(self) -> None:
        """Hand the job back unharmed: this worker is being stopped."""
        self._update(
            state=JobState.QUEUED, lease_expires_at=None, attempts=F("attempts") - 1, worker=""
        )

    def _update(self, **values: Any) -> None:
        if self._held().update(**values) != 1:
            raise LeaseLostError(f"The lease on job {self.job.pk} is lost.")


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def job_enqueue(*, queue: Queue, kind: str, target: str) -> Job:
    """Queue a job, unless the same one is open already, and wake a worker after the commit."""
    job, created = Job.objects.get_or_create(
        kind=kind,
        target=target,
        state__in=[JobState.QUEUED, JobState.RUNNING],
        defaults={"queue": queue, "state": JobState.QUEUED},
    )
    if created:
        _wake_on_commit(queue)
    return job


def job_cancel_open(*, kind: str, target: str) -> int:
    """Cancel the open job of this kind and target; a worker on it notices at its next heartbeat."""
    return Job.objects.filter(
        kind=kind, target=target, state__in=[JobState.QUEUED, JobState.RUNNING]
    ).update(state=JobState.CANCELLED, finished_at=Now(), lease_expires_at=None)


@transaction.atomic
def job_claim(*, queues: list[Queue], worker: str) -> Lease | None:
    """Take the oldest due job of `queues` for `worker`, or None if nothing is due."""
    job = (
        Job.objects.select_for_update(skip_locked=True)
        .filter(queue__in=queues, state=JobState.QUEUED, run_after__lte=Now())
        .order_by("run_after", "created_at")
        .first()
    )
    if job is None:
        return None
    job.attempts += 1
    job.fencing_token += 1
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING,
        attempts=job.attempts,
        fencing_token=job.fencing_token,
        worker=worker,
        started_at=Now(),
        heartbeat_at=Now(),
        lease_expires_at=_lease_end(),
    )
    return Lease(job=job, token=job.fencing_token)


@transaction.atomic
def jobs_sweep(*, failed: Callable[[Job], None]) -> None:
    """Requeue jobs whose worker is gone and wake every queue that has due work.

    `failed` is told of each job that has lost its worker once too often. Where that goes wrong the
    job stays as it was, for the next sweep, and holds up no other.
    """
    lost = Job.objects.select_for_update(skip_locked=True).filter(
        state=JobState.RUNNING, lease_expires_at__lt=Now()
    )
    for job in lost:
        try:
            with transaction.atomic():
                if _give_up_or_requeue(job):
                    failed(job)
        except Exception as error:
            logger.error("Lost job %s could not be ended: %s.", job.pk, type(error).__name__)
    due = Job.objects.filter(state=JobState.QUEUED, run_after__lte=Now())
    for queue in sorted(set(due.values_list("queue", flat=True))):
        _wake_on_commit(Queue(queue))


def _give_up_or_requeue(job: Job) -> bool:
    lease = Lease(job=job, token=job.fencing_token)
    return lease.fail(error=f"The worker {job.worker} stopped without a word.")


def _wake_on_commit(queue: Queue) -> None:
    transaction.on_commit(lambda: job_queued.send(Job, queue=queue), robust=True)
