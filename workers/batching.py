"""Do one step with many requests, one after the other."""

from uuid import UUID

from django.db import transaction

from compliance.erasure.batches import batch_finish, batch_give_up, item_work, items_open
from compliance.erasure.models import Batch
from compliance.jobs.models import Job
from workers.work import Work


def run(work: Work) -> None:
    """Look at each request of the batch named by the job, or do it.

    Killed anywhere, the next attempt goes on with the first one that has no result. A batch that
    retention has taken meanwhile needs nothing.
    """
    batch = Batch.objects.filter(pk=work.job.target).first()
    if batch is None:
        work.lease.succeed()
        return
    left = items_open(batch)
    total = batch.items.count()
    for place, item_id in enumerate(left):
        work.step(done=total - len(left) + place, total=total, note="")
        item_work(item_id=item_id)
    with transaction.atomic():
        work.lease.succeed()
        batch_finish(batch.pk)


def failed(job: Job) -> None:
    """Say of each request that was not reached that nothing was done with it."""
    batch_give_up(UUID(job.target))
