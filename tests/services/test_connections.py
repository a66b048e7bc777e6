"""A broker that hangs up in the middle of a training costs a new connection, and no job.

A wake that is on its way just then may be lost, as any message may: so the scheduler runs too.
"""

from pathlib import Path

from compliance.jobs.models import Job, JobState
from tests.services.conftest import scheduler, until
from tests.workers.conftest import make_plan, make_records, train_here, worker
from tests.workers.test_erasure import approve, somebody_in
from workers.building import refresh


def test_a_worker_finishes_and_takes_the_next_job(committed_db, broker, tmp_path: Path):
    make_records(subjects=12, records=30)
    plan = make_plan(epochs=60)
    refresh(plan)
    train_here()
    with scheduler(tmp_path), worker("notify"), worker("train"):
        approve(somebody_in(plan, 0, 0))
        first = Job.objects.get(kind="train", state__in=[JobState.QUEUED, JobState.RUNNING])
        until(lambda: Job.objects.get(pk=first.pk).progress_done > 0)
        assert broker.disconnect() > 0
        assert Job.objects.get(pk=first.pk).state == JobState.RUNNING, "It hung up too late."
        until(lambda: Job.objects.get(pk=first.pk).state == JobState.SUCCEEDED)
        approve(somebody_in(plan, 1, 1))
        second = Job.objects.filter(kind="train").latest("created_at")
        until(lambda: Job.objects.get(pk=second.pk).state == JobState.SUCCEEDED)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.attempts, second.attempts) == (1, 1)
    assert first.worker == second.worker
