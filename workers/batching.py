"""Do one step with many requests, one after the other."""

from uuid import UUID

from django.db import transaction

from compliance.erasure.batches import batch_finish, batch_give_up, item_work, items_waiting
from compliance.erasure.models import Batch
from compliance.jobs.models import Job
from workers.work import Work


def run(work: Work) -> None:
    """Preview or do each request of the batch named by the job.

    Killed anywhere, the next attempt goes on with the first one that has no result.
    """
    batch = Batch.objects.get(pk=work.job.target)
    waiting = items_waiting(batch)
    total = batch.items.count()
    for place, item_id in enumerate(waiting):
        work.step(done=total - len(waiting) + place, total=total, note="")
        item_work(item_id=item_id)
    with transaction.atomic():
        batch_finish(batch.pk)
        work.lease.succeed()


def failed(job: Job) -> None:
    """Say of each request that was not reached that nothing was done with it."""
    batch_give_up(UUID(job.target))
