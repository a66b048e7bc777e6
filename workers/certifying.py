"""Destroy the old weights, then sign the certificate that says so."""

from uuid import UUID

from django.db import transaction

from compliance.erasure.following import ACTOR, request_fail
from compliance.evidence.services import certificate_issue
from compliance.jobs.models import Job
from compliance.provenance.disposal import artefacts_destroy_waste
from compliance.provenance.releases import serving_lock
from workers.work import Work


def certify(work: Work) -> None:
    """Finish the request named by the job."""
    artefacts_destroy_waste()
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()
        certificate_issue(request_id=work.job.target, actor=ACTOR)


def failed(job: Job) -> None:
    """Tell the request that its certificate could not be issued."""
    request_fail(request_id=UUID(job.target), note="The certificate could not be issued.")
