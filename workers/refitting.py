"""Fit the calibrator of what is served, and publish the release that it settles."""

from dataclasses import dataclass
from typing import Any

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
from workers.judging import errors_fill, validation_prefixes
from workers.work import Work


@dataclass(frozen=True)
class Moment:
    """What would be served, and who judges it, as of one moment."""

    inputs: str
    who: Recommender
    people: list[ValidationSubject]


def refit(work: Work) -> None:
    """Fit and publish. Where what is served changes meanwhile, begin again with what is now."""
    determinism.configure()
    plan = Plan.objects.get(pk=work.job.target)
    while True:
        if not Plan.objects.filter(pk=plan.pk, is_active=True).exists():
            raise ImpossibleJobError(f"Plan {plan} is not in force any more.")
        errors_fill(work, plan, _checkpoints(plan))
        moment = _moment(plan)
        prefixes = validation_prefixes(plan, moment.people)
        content = moment.who.refitted(persons(moment.people), prefixes).to_dict()
        if _publish(work, plan, moment.inputs, content):
            return


def failed(job: Job) -> None:
    """Tell the requests that wait for a settled release that there will be none."""
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


def _publish(work: Work, plan: Plan, inputs: str, content: dict[str, Any]) -> bool:
    """Publish if what is served is still what the calibrator was fitted to; say whether it is."""
    with transaction.atomic():
        serving_lock()
        if json_digest(release_inputs(plan, served_checkpoints(plan))) != inputs:
            work.lease.prolong()
            return False
        work.lease.succeed()
        calibrator_add(plan, inputs=inputs, content=content)
        release_publish(plan=plan)
        requests_follow()
    return True
