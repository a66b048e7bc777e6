"""What can be done with an erasure request. Admin, API, commands and workers call these.

Each function is one transaction and raises `IllegalTransitionError` where the request's state does
not allow it. `actor` is a kind and a number (`user:3`, `client:1`), never a name.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from compliance.erasure.clock import due_on
from compliance.erasure.following import request_follow
from compliance.erasure.identity import (
    identity_decrypt,
    identity_encrypt,
    identity_index,
    scope_decrypt,
    scope_encrypt,
)
from compliance.erasure.models import Channel, ErasureEvent, ErasureRequest, Ground
from compliance.erasure.states import IllegalTransitionError, State, check_transition
from compliance.erasure.touching import Touch, lesson_of, rest_place, touch_record, touches_of
from compliance.erasure.transitions import request_lock, request_move
from compliance.provenance.adapters import shard_quarantine, shard_sync
from compliance.provenance.leaves import manifest_proof
from compliance.provenance.manifests import subject_commitment
from compliance.provenance.models import Adapter, AdapterState, Plan
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import epoch_raise, release_publish, serving_lock
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import ingest_stop, records_erase, records_in


@transaction.atomic
def request_receive(
    *,
    subject: str,
    channel: Channel,
    ground: Ground,
    actor: str,
    identity_asserted: bool,
    request_id: uuid.UUID | None = None,
    scope: Scope = EVERYTHING,
) -> ErasureRequest:
    """Take in a request for the subject with this external id, known or unknown alike.

    With `identity_asserted` the caller vouches that the subject itself asks; review can begin.
    """
    now = timezone.now()
    request = ErasureRequest.objects.create(
        id=request_id or uuid.uuid4(),
        channel=channel,
        ground=ground,
        identity=identity_encrypt(subject),
        identity_index=identity_index(subject),
        scope_kind=scope.kind,
        scope=scope_encrypt(scope),
        received_at=now,
        due_on=due_on(now, timezone.get_default_timezone()),
    )
    ErasureEvent.objects.create(request=request, to_state=State.RECEIVED.value, actor=actor)
    if identity_asserted:
        _to_review(request, actor=actor, note="Identity vouched for at receipt.")
    else:
        request_move(request, State.AWAITING_IDENTITY, actor=actor)
    return request


@transaction.atomic
def request_confirm_identity(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Note that a reviewer has checked that the subject itself asks."""
    request = request_lock(request_id)
    _to_review(request, actor=actor, note="Identity checked by a reviewer.")
    return request


@transaction.atomic
def request_approve(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Erase the records and take out of service, at once, whatever learned from them.

    In this one transaction: the records in scope go, with the places and prompts that had them;
    what is left is placed anew, without a record that no refresh has taken in; the touched
    checkpoints are quarantined; the interim release is live; the retraining is queued.
    """
    before = serving_lock().release
    request = request_lock(request_id)
    check_transition(request.status, State.APPROVED)
    external_id = identity_decrypt(request.identity)
    scope, now = scope_decrypt(request.scope), timezone.now()
    ingest_stop()
    proof = manifest_proof(before, external_id) if before else None
    lesson = lesson_of(external_id, records_in(external_id, scope))
    erased = records_erase(external_id=external_id, scope=scope, at=now)
    rest_place(external_id)
    epoch_raise()
    request_move(
        request,
        State.APPROVED,
        actor=actor,
        decided_at=now,
        erased_interactions=erased,
        subject_commitment=subject_commitment(external_id).hex(),
        release_before=before.digest if before else "",
        proof_before=proof,
    )
    plan = active_plan()
    if lesson:
        _quarantine_and_retrain(request, touches_of(lesson))
    elif plan:
        _release_without(request, plan)
    request_follow(request)
    return request


@transaction.atomic
def request_deny(*, request_id: uuid.UUID, actor: str, note: str) -> ErasureRequest:
    """Refuse the request. Nothing is erased."""
    return _end(request_id, State.DENIED, actor=actor, note=note, decided_at=timezone.now())


@transaction.atomic
def request_cancel(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Take the request back, while nothing has been erased."""
    return _end(request_id, State.CANCELLED, actor=actor)


@transaction.atomic
def request_resume(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Try again after a failure: queue the missing training, replay or certificate."""
    serving_lock()
    request = request_lock(request_id)
    if request.status is not State.FAILED:
        raise IllegalTransitionError(request.status, State.RETRAINING)
    for touched in request.touched.select_related("plan"):
        shard_sync(plan=touched.plan, shard=touched.shard, needs_replay=True)
    plan = active_plan()
    if plan:
        release_publish(plan=plan)
    target = State.RETRAINING if request.touched.exists() else State.VERIFYING
    request_move(request, target, actor=actor, note="Resumed.")
    request_follow(request)
    return request


def _quarantine_and_retrain(request: ErasureRequest, touches: list[Touch]) -> None:
    before = [_take_out(touch) for touch in touches]
    for touch, adapter in zip(touches, before, strict=True):
        successor = shard_sync(
            plan=touch.plan,
            shard=touch.shard,
            needs_replay=True,
            removed=len(touch.commitments),
            withdrawn=touch.withdrawn,
        )
        touch_record(request, touch, before=adapter, adapter=successor)
    # After the training: the release's calibrator is fitted by the same workers, who go by age.
    _release_without(request, touches[0].plan)


def _release_without(request: ErasureRequest, plan: Plan) -> None:
    """Serve what is clean; the release says which records stand, and these no longer do."""
    request.release_interim = release_publish(plan=plan).digest
    request.save(update_fields=["release_interim"])


def _take_out(touch: Touch) -> Adapter | None:
    """Quarantine what learned from erased records; return the adapter that will be replaced."""
    if touch.commitments:
        return shard_quarantine(plan=touch.plan, shard=touch.shard, first_slice=touch.slice)
    return touch.plan.adapters.filter(shard=touch.shard, state=AdapterState.ACTIVE).first()


def _to_review(request: ErasureRequest, *, actor: str, note: str) -> None:
    request_move(request, State.IN_REVIEW, actor=actor, note=note, verified_at=timezone.now())


def _end(
    request_id: uuid.UUID, target: State, *, actor: str, note: str = "", **values: datetime | Any
) -> ErasureRequest:
    """End a request unanswered by an erasure; whom and what it is about is needed no longer."""
    request = request_lock(request_id)
    request_move(
        request,
        target,
        actor=actor,
        note=note,
        identity=None,
        identity_index=None,
        scope=None,
        **values,
    )
    return request
