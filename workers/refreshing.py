"""Refresh: new items, subjects and interactions enter training."""

from django.db import transaction

from compliance.jobs.models import Job, Queue
from compliance.jobs.services import ImpossibleJobError, job_enqueue
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.placement import Progress
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import RetiredPlanError, serving_lock
from recmodel.encoder import WHEEL, Encoder
from workers.building import refresh
from workers.embedding import embed_items
from workers.handlers import REFRESH
from workers.work import Work


class OtherEncoderError(Exception):
    """The encoder to be had here is not the plan's."""


def refresh_enqueue() -> Job | None:
    """Queue a refresh of the plan in force, unless one waits already; None without a plan."""
    plan = active_plan()
    if plan is None:
        return None
    return job_enqueue(queue=Queue.DEFAULT, kind=REFRESH, target=str(plan.pk))


def take_in(
    plan: Plan, on_items: Progress | None = None, on_subjects: Progress | None = None
) -> list[Adapter]:
    """Embed new items, place new records, and queue the training of every shard that they change.

    Returns the adapters that wait to be trained. Raises `OtherEncoderError`.
    """
    embed_items(_encoder(plan), on_items)
    return refresh(plan, on_subjects)


def run(work: Work) -> None:
    """Take in what has come since the last refresh."""
    plan = Plan.objects.get(pk=work.job.target)

    def step(note: str) -> Progress:
        return lambda done, total: work.step(done=done, total=total, note=note)

    try:
        take_in(plan, step("items"), step("subjects"))
    except (RetiredPlanError, OtherEncoderError) as error:
        raise ImpossibleJobError(str(error)) from error
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()


def failed(job: Job) -> None:
    """Nobody waits for a refresh: the next one takes in the same."""


def _encoder(plan: Plan) -> Encoder:
    wanted = plan.config["encoder"]
    encoder = Encoder.load(None if wanted["name"] == WHEEL else wanted["name"])
    if encoder.digest != wanted["digest"]:
        raise OtherEncoderError(
            f"The encoder {wanted['name']} here is {encoder.digest}, the plan's is "
            f"{wanted['digest']}. Restore its files, or make a new plan."
        )
    return encoder
