"""Claim due jobs one after the other and write down how they ended."""

import logging
import sys
from collections.abc import Callable

from django.db import DatabaseError, transaction

from compliance.faults import frames_of
from compliance.jobs.models import Job, Queue
from compliance.jobs.services import (
    ImpossibleJobError,
    Lease,
    LeaseLostError,
    job_claim,
    jobs_sweep,
)
from compliance.provenance.disposal import artefacts_destroy_waste, waste_exists
from compliance.provenance.releases import serving_lock
from workers.handlers import HANDLERS
from workers.identity import WORKER
from workers.work import Work

logger = logging.getLogger(__name__)

# Their messages quote the values at fault.
QUOTING = (DatabaseError, LookupError, UnicodeError)


def run_due(queues: list[Queue], *, before_each: Callable[[Job], None] | None = None) -> int:
    """Run due jobs of `queues` until none is left; return how many were run."""
    done = 0
    while lease := job_claim(queues=queues, worker=WORKER):
        if before_each:
            before_each(lease.job)
        run(lease)
        done += 1
    if judging := sys.modules.get("workers.judging"):  # unless it was loaded it keeps nothing
        judging.prefixes_forget()
    return done


def run(lease: Lease) -> None:
    """Do one claimed job. Its errors end in its row; a lost lease ends it without a trace."""
    job, work = lease.job, Work(lease)
    logger.info("Job %s: %s %s, attempt %d.", job.pk, job.kind, job.target, job.attempts)
    try:
        with work.heartbeat():
            HANDLERS[job.kind].run(work)
    except LeaseLostError:
        logger.warning("Job %s: the lease is lost; the work is dropped.", job.pk)
    except (KeyboardInterrupt, SystemExit):
        lease.release()
        raise
    except Exception as error:
        frames = frames_of(error)
        logger.error("Job %s failed: %s\n%s", job.pk, _describe(error), frames)
        _fail(lease, error)


def sweep_lost() -> None:
    """Requeue lost jobs, tell of those that failed for good, destroy weights out of service."""
    with transaction.atomic():
        serving_lock()
        jobs_sweep(failed=lambda job: HANDLERS[job.kind].failed(job))
    if waste_exists():
        artefacts_destroy_waste()


def _fail(lease: Lease, error: Exception) -> None:
    try:
        with transaction.atomic():
            serving_lock()
            final = isinstance(error, ImpossibleJobError)
            if lease.fail(error=_describe(error), final=final):
                HANDLERS[lease.job.kind].failed(lease.job)
    except LeaseLostError:
        logger.warning("Job %s: the lease was lost before the failure was noted.", lease.job.pk)


def _describe(error: Exception) -> str:
    """Return the error's name, and its message unless that may quote personal data."""
    name = type(error).__name__
    return name if isinstance(error, QUOTING) else f"{name}: {error}"
