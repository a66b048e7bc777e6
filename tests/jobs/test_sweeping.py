"""Jobs whose worker is gone are found, each by itself."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.jobs.models import Job, JobState, Queue
from compliance.jobs.outbox import DELIVER
from workers.runner import sweep_lost

pytestmark = pytest.mark.django_db


def lost(*, attempts: int) -> Job:
    """Return a delivery whose worker has gone, of a message that is not there any more."""
    return Job.objects.create(
        queue=Queue.NOTIFY,
        kind=DELIVER,
        target=str(uuid.uuid4()),
        state=JobState.RUNNING,
        attempts=attempts,
        lease_expires_at=timezone.now() - timedelta(seconds=1),
    )


def test_a_job_that_cannot_be_ended_holds_up_no_other(settings, caplog):
    stuck, good = lost(attempts=settings.JOB_MAX_ATTEMPTS), lost(attempts=1)
    sweep_lost()
    stuck.refresh_from_db()
    good.refresh_from_db()
    assert (stuck.state, good.state) == (JobState.RUNNING, JobState.QUEUED)
    assert f"Lost job {stuck.pk} could not be ended: DoesNotExist." in caplog.text
