"""Destroy the old weights, then sign the certificate that says so."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from compliance.erasure.following import ACTOR, request_fail, request_is_ready
from compliance.erasure.transitions import request_lock
from compliance.evidence.services import certificate_issue
from compliance.jobs.models import Job
from compliance.provenance.disposal import artefacts_destroy_waste
from compliance.provenance.releases import serving_lock
from workers.work import Work


def certify(work: Work) -> None:
    """Finish the request named by the job.

    Where an erasure or a refresh has changed what it rests on, there is nothing to do yet: the
    training or the refit that follows queues the certificate again.
    """
    artefacts_destroy_waste()
    with transaction.atomic():
        serving_lock()
        work.lease.succeed()
        if request_is_ready(request_lock(work.job.target)):
            certificate_issue(request_id=work.job.target, actor=ACTOR)


def failed(job: Job) -> None:
    """Tell the request that its certificate could not be issued."""
    request_fail(
        request_id=UUID(job.target), note=gettext_noop("The certificate could not be issued.")
    )
