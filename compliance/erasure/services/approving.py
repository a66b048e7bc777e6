"""Approve a request: erase, and take out of service at once whatever learned."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.erasure.endorsing import approval_suffices, endorsement_add
from compliance.erasure.errors import ImpactChangedError, PartError, PausedError
from compliance.erasure.following import request_follow
from compliance.erasure.identity import identity_decrypt, scope_decrypt, scope_encrypt
from compliance.erasure.impact import impact_digest, impact_parts, parts_changed
from compliance.erasure.law import WORDS
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import Answer, ErasureRequest, Outcome
from compliance.erasure.notices import notice_send, recipients_tell
from compliance.erasure.parts import Part
from compliance.erasure.restricting import restricted_leave
from compliance.erasure.states import State, check_transition
from compliance.erasure.touching import Touch, lesson_of, rest_place, touch_record, touches_of
from compliance.erasure.transitions import request_lock, request_move
from compliance.provenance.adapters import shard_quarantine, shard_sync
from compliance.provenance.leaves import manifest_proof
from compliance.provenance.manifests import subject_commitment
from compliance.provenance.models import Adapter, AdapterState, Plan
from compliance.provenance.plans import active_plan
from compliance.provenance.releases import epoch_raise, release_publish, serving_lock
from compliance.records.restriction import restriction_drop
from compliance.records.scope import Scope
from compliance.records.services import ingest_stop, records_erase, records_in
from compliance.sealing import seal


@transaction.atomic
def request_approve(
    *, request_id: uuid.UUID, actor: str, digest: str, part: Part | None = None
) -> ErasureRequest:
    """Erase the records and take out of service, at once, whatever learned from them.

    `digest` names the preview that was looked at (`impact_of`). In this one transaction: the
    records in scope go, with the places and prompts that had them, and those that were parked;
    what is left is placed anew, without a record that no refresh has taken in; the touched
    checkpoints are quarantined; the interim release is live; the retraining is queued.

    Where two persons must approve the same impact and the same answer, the first call only notes
    the endorsement, and the request stays in review. Raises `ImpactChangedError`,
    `PausedError`, `PartError`, and there `SecondPersonError` for the same person again and
    `NoPersonError` for an API client.
    """
    before = serving_lock().release
    request = request_lock(request_id)
    check_transition(request.status, State.APPROVED)
    if request.paused_on:
        raise PausedError
    external_id = identity_decrypt(request.identity)
    asked = scope_decrypt(request.scope)
    scope = _part_scope(asked, part) if part else asked
    ingest_stop()
    now = timezone.now()  # after the wait for an import: what it brought is suppressed too
    _require_previewed(request, external_id, scope, digest)
    if not approval_suffices(request, actor=actor, digest=digest, part=part):
        endorsement_add(request, actor=actor, digest=digest, part=part)
        return request
    proof = manifest_proof(before, external_id) if before else None
    lesson = lesson_of(external_id, records_in(external_id, scope))
    erased = records_erase(external_id=external_id, scope=scope, at=now)
    erased += restriction_drop(request_id=request.pk, scope=scope)
    rest_place(external_id)
    epoch_raise()
    request_move(
        request,
        State.APPROVED,
        actor=actor,
        decided_at=now,
        outcome=Outcome.PARTIAL if part else Outcome.FULL,
        decided_scope=scope_encrypt(scope) if part else None,
        erased_interactions=erased,
        subject_commitment=subject_commitment(external_id).hex(),
        release_before=before.digest if before else "",
        proof_before=proof,
    )
    if part:
        Answer.objects.create(request=request, article=part.article, text=seal(part.text))
    refused = {"article": WORDS[part.article], "text": part.text} if part else {}
    notice_send(request, NoticeKind.APPROVED, **refused)
    recipients_tell(request)
    plan = active_plan()
    touches = touches_of(lesson) if lesson else []
    if plan:
        touches = restricted_leave(plan, touches)
    if touches:
        _quarantine_and_retrain(request, touches)
    elif plan:
        _release_without(request, plan)
    request_follow(request)
    return request


def _part_scope(asked: Scope, part: Part) -> Scope:
    """Return the part's scope; it can neither be all nor reach beyond what was asked for."""
    if part.scope == asked or not asked.includes(part.scope):
        raise PartError(
            _("The part must lie within what the person asked for, and be less than all of it.")
        )
    if not part.text.strip():
        raise PartError(_("Tell the person why the rest is refused: Art. 12(4)."))
    return part.scope


def _require_previewed(
    request: ErasureRequest, external_id: str, scope: Scope, digest: str
) -> None:
    """Raise `ImpactChangedError` unless the impact is the one that `digest` names."""
    parts = impact_parts(request, external_id, scope)
    if impact_digest(parts) != digest:
        raise ImpactChangedError(parts_changed(request, digest, parts))


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
    if touch.commitments or touch.withdrawn:
        return shard_quarantine(plan=touch.plan, shard=touch.shard, first_slice=touch.slice)
    return touch.plan.adapters.filter(shard=touch.shard, state=AdapterState.ACTIVE).first()
