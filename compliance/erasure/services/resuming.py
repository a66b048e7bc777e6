"""Try again after a failure."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_noop

from compliance.erasure.following import request_follow
from compliance.erasure.models import ErasureRequest
from compliance.erasure.restricting import shards_resume
from compliance.erasure.states import IllegalTransitionError, State
from compliance.erasure.transitions import request_lock, request_move
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import release_publish, serving_lock


@transaction.atomic
def request_resume(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Try again after a failure: queue the missing training, replay or certificate."""
    serving_lock()
    request = request_lock(request_id)
    if request.status is not State.FAILED:
        raise IllegalTransitionError(request.status, State.RETRAINING)
    shards_resume(request)
    plan = active_plan()
    if plan:
        release_publish(plan=plan)
    target = State.RETRAINING if request.touched.exists() else State.VERIFYING
    request_move(request, target, actor=actor, note=gettext_noop("Resumed."))
    request_follow(request)
    return request
