"""Fit the calibrator of what is served, and publish the release that it settles."""

from dataclasses import dataclass

from django.db import connection, transaction

from compliance.canonical import json_digest
from compliance.erasure.following import requests_follow, requests_unsettled
from compliance.jobs.models import Job
from compliance.jobs.services import ImpossibleJobError
from compliance.provenance.models import Adapter, Checkpoint, Plan
from compliance.provenance.releases import (
    calibrator_add,
    release_inputs,
    release_publish,
    served_checkpoints,
    serving_lock,
)
from compliance.provenance.validation import ValidationSubject, validation_subjects
from compliance.recommendations.loading import persons, plan_setting, recommender
from recmodel import determinism
from recmodel.recommender import Recommender
from workers.judging import errors_fill
from workers.work import Work


@dataclass(frozen=True)
class Moment:
    """What would be served, and who judges it, as of one moment."""

    inputs: str
    who: Recommender
    people: list[ValidationSubject]

    @property
    def is_whole(self) -> bool:
        """Tell whether the errors on everybody are known: a refresh may just have been."""
        return len(self.who.evidence.ids) == sum(len(person.prompts) for person in self.people)


def refit(work: Work) -> None:
    """Fit, and publish what that settles.

    Where what is served has changed meanwhile the fit is of no use: the publication drops it, and
    queues another.
    """
    determinism.configure()
    plan = Plan.objects.get(pk=work.job.target)
    if not plan.is_active:
        raise ImpossibleJobError(f"Plan {plan} is not in force any more.")
    errors_fill(work, plan, _checkpoints(plan))
    while not (moment := _moment(plan)).is_whole:
        errors_fill(work, plan, _checkpoints(plan))
    calibrator = moment.who.refitted(persons(moment.people))
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()
        calibrator_add(plan, inputs=moment.inputs, content=calibrator.to_dict())
        release_publish(plan=plan)
        requests_follow()


def failed(job: Job) -> None:
    """Tell the requests that wait for a settled release that there will be none."""
    if Plan.objects.filter(pk=job.target, is_active=True).exists():
        requests_unsettled()


def _checkpoints(plan: Plan) -> list[Checkpoint]:
    """Return every clean checkpoint that serves, or would if a later slice fell."""
    adapters = Adapter.objects.filter(
        pk__in=[checkpoint.adapter_id for checkpoint in served_checkpoints(plan)]
    )
    clean = Checkpoint.objects.clean().filter(adapter__in=adapters)
    return list(clean.select_related("adapter").order_by("adapter__shard", "slice"))


def _moment(plan: Plan) -> Moment:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        served = served_checkpoints(plan)
        return Moment(
            inputs=json_digest(release_inputs(plan, served)),
            who=recommender(plan, served, plan_setting(plan).calibrator),
            people=validation_subjects(plan),
        )
