"""What is kept and logged of a job's error: whatever may quote a value is left out."""

import uuid

import pytest
from django.db import IntegrityError

from compliance.jobs.models import Job, Queue
from compliance.jobs.outbox import DELIVER
from workers.runner import run_due

pytestmark = pytest.mark.django_db
QUOTED = "alice-4711"


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (IntegrityError(f"Key (external_id)=({QUOTED}) exists."), "IntegrityError"),
        (KeyError(QUOTED), "KeyError"),
        (UnicodeEncodeError("ascii", QUOTED, 0, 1, "no"), "UnicodeEncodeError"),
        (RuntimeError("The disk is full."), "RuntimeError: The disk is full."),
    ],
)
def test_the_message_stands_only_where_it_quotes_nothing(error, kept, monkeypatch, caplog):
    def fail(work):
        raise error

    monkeypatch.setattr("workers.delivering.deliver", fail)
    job = Job.objects.create(queue=Queue.NOTIFY, kind=DELIVER, target=str(uuid.uuid4()))
    run_due([Queue.NOTIFY])
    job.refresh_from_db()
    assert job.error == kept
    assert f"Job {job.pk} failed: {kept}" in caplog.text
    assert QUOTED not in caplog.text
