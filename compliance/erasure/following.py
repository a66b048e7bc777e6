"""Requests follow the adapters that are retrained for them."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_noop

from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.erasure.transitions import request_lock, request_move
from compliance.jobs.models import Queue
from compliance.jobs.services import job_enqueue
from compliance.provenance.models import AdapterState
from compliance.provenance.releases import is_settled, live_release

CERTIFY = "certify"
FOLLOWING = (State.APPROVED, State.RETRAINING, State.VERIFYING)
ACTOR = "system:workers"


@transaction.atomic
def requests_follow() -> None:
    """Bring every request that waits for an adapter to the state that the adapter implies.

    The caller holds the serving lock.
    """
    waiting = ErasureRequest.objects.filter(state__in=FOLLOWING).order_by("pk")
    for request_id in list(waiting.values_list("pk", flat=True)):
        request = request_lock(request_id)
        if request.status in FOLLOWING:
            request_follow(request)


@transaction.atomic
def request_fail(*, request_id: uuid.UUID, note: str) -> None:
    """Note that a person must look: the work for this request has failed for good."""
    request = request_lock(request_id)
    if request.status in FOLLOWING:
        request_move(request, State.FAILED, actor=ACTOR, note=note)


@transaction.atomic
def requests_unsettled() -> None:
    """Note that no calibrator could be fitted: requests that wait for nothing else have failed.

    The caller holds the serving lock.
    """
    waiting = ErasureRequest.objects.filter(state=State.VERIFYING).order_by("pk")
    for request_id in list(waiting.values_list("pk", flat=True)):
        request = request_lock(request_id)
        if request.status is State.VERIFYING and _all_active(request):
            request_move(
                request,
                State.FAILED,
                actor=ACTOR,
                note=gettext_noop("The calibrator could not be fitted."),
            )


def request_follow(request: ErasureRequest) -> None:
    """Move a locked request to the state that its adapters imply, step by step."""
    target = _implied_state(request)
    if target is None:
        return
    if request.status is State.APPROVED and target is State.VERIFYING and request.touched.exists():
        request_move(request, State.RETRAINING, actor=ACTOR)
    if request.status is not target:
        request_move(request, target, actor=ACTOR)
    if request_is_ready(request):
        job_enqueue(queue=Queue.DEFAULT, kind=CERTIFY, target=str(request.pk))


def request_is_ready(request: ErasureRequest) -> bool:
    """Tell whether what the request waits for is in service, and the release settled.

    The next erasure or refresh may change that until the certificate is issued; then workers
    call `requests_follow` again.
    """
    return _all_active(request) and _release_is_settled()


def _adapter_states(request: ErasureRequest) -> set[str]:
    successors = [touched.successor() for touched in request.touched.select_related("plan")]
    return {adapter.state if adapter else AdapterState.FAILED for adapter in successors}


def _all_active(request: ErasureRequest) -> bool:
    return _adapter_states(request) <= {AdapterState.ACTIVE}


def _release_is_settled() -> bool:
    """Tell whether a certificate would name a release that the same records always give."""
    release, _ = live_release()
    return release is None or is_settled(release)


def _implied_state(request: ErasureRequest) -> State | None:
    """Return the state that the least advanced adapter implies; None while none has started."""
    states = _adapter_states(request)
    if states & {AdapterState.FAILED, AdapterState.SUPERSEDED}:
        return State.FAILED
    if AdapterState.PENDING in states:
        return State.RETRAINING if request.status is State.VERIFYING else None
    if AdapterState.TRAINING in states:
        return State.RETRAINING
    return State.VERIFYING
