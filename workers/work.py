"""A claimed job while a worker is on it: the lease, its heartbeat, and the progress people see."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.conf import settings
from django.db import connection

from compliance.jobs.models import Job
from compliance.jobs.services import Lease, LeaseLostError

logger = logging.getLogger(__name__)
PROGRESS_SECONDS = 1.0


class Work:
    """What a handler holds. Long work calls `step` often, and ends in `lease.succeed()`."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self._lost = Event()
        self._noted = 0.0

    @property
    def job(self) -> Job:
        return self.lease.job

    def step(self, *, done: int, total: int, note: str) -> None:
        """Raise `LeaseLostError` if the lease is lost; note progress, at most once a second."""
        if self._lost.is_set():
            raise LeaseLostError(f"The lease on job {self.job.pk} is lost.")
        if time.monotonic() - self._noted >= PROGRESS_SECONDS or done == total:
            self._noted = time.monotonic()
            self.lease.progress(done=done, total=total, note=note)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Prolong the lease from a thread of its own for as long as the block runs."""
        stop = Event()
        thread = Thread(target=self._beat, args=[stop], name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _beat(self, stop: Event) -> None:
        try:
            while not stop.wait(settings.JOB_LEASE_SECONDS / 4):
                self.lease.prolong()
        except Exception as error:
            # Without the database there is no lease either: the work stops at its next step.
            logger.warning("Job %s: no more heartbeat (%s).", self.job.pk, type(error).__name__)
            self._lost.set()
        finally:
            connection.close()
