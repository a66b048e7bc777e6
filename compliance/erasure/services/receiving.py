"""Take in a request, and note that the subject itself asks."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from compliance.erasure.clock import due_on
from compliance.erasure.errors import StepError
from compliance.erasure.identity import (
    identity_decrypt,
    identity_encrypt,
    identity_index,
    scope_decrypt,
    scope_encrypt,
)
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import (
    Channel,
    ErasureEvent,
    ErasureRequest,
    Ground,
    IdentityMethod,
    PauseKind,
    Step,
)
from compliance.erasure.notices import notice_send
from compliance.erasure.services.timing import pause_close
from compliance.erasure.states import FINAL_STATES, State
from compliance.erasure.transitions import event_add, request_lock, request_move
from compliance.records.contacts import contact_of
from compliance.records.restriction import restriction_begin
from compliance.records.scope import EVERYTHING, Scope
from compliance.sealing import seal

IDENTITY_NOTES = {
    IdentityMethod.ASSERTED: gettext_noop("Identity vouched for at receipt."),
    IdentityMethod.CODE: gettext_noop("Identity shown by a code."),
    IdentityMethod.HAND_OFF: gettext_noop("Identity shown by a link from the controller's page."),
    IdentityMethod.REVIEWER: gettext_noop("Identity checked by a reviewer."),
}


class NotAnsweredError(StepError):
    """Only an answered request can be complained about."""

    def __init__(self) -> None:
        super().__init__(_("There is no answered request with this id to reopen."))


@dataclass(frozen=True)
class Origin:
    """Where a request was made first, and when; what it reopens; the language of notices."""

    source: str = ""
    submitted_at: datetime | None = None
    reopens: uuid.UUID | None = None
    language: str = ""


@transaction.atomic
def request_receive(
    *,
    subject: str,
    channel: Channel,
    ground: Ground,
    actor: str,
    identity: IdentityMethod | None = None,
    request_id: uuid.UUID | None = None,
    scope: Scope = EVERYTHING,
    origin: Origin = Origin(),
) -> ErasureRequest:
    """Take in a request for the subject with this external id, known or unknown alike.

    With `identity` it is shown already that the subject itself asks; review can begin. A request
    of the same subject that is open is linked, and stands in no request's way. The clock starts
    where the request was made first. Raises `NotAnsweredError`.
    """
    _require_answered(origin.reopens)
    now, index = timezone.now(), identity_index(subject)
    contact = contact_of(subject)
    request = ErasureRequest(
        id=request_id or uuid.uuid4(),
        channel=channel,
        ground=ground,
        identity=identity_encrypt(subject),
        identity_index=index,
        scope_kind=scope.kind,
        scope=scope_encrypt(scope),
        contact=seal(contact.address) if contact else None,
        language=origin.language or (contact.language if contact else ""),
        source=origin.source,
        submitted_at=origin.submitted_at,
        reopens_id=origin.reopens,
        duplicate_of=_first_open(index),
        received_at=now,
    )
    request.due_on = due_on(request.clock_start, timezone.get_default_timezone())
    request.save(force_insert=True)
    ErasureEvent.objects.create(request=request, to_state=State.RECEIVED.value, actor=actor)
    if identity:
        _to_review(request, identity, actor=actor)
    else:
        request_move(request, State.AWAITING_IDENTITY, actor=actor)
    notice_send(request, NoticeKind.RECEIPT)
    return request


@transaction.atomic
def request_confirm_identity(
    *, request_id: uuid.UUID, actor: str, method: IdentityMethod = IdentityMethod.REVIEWER
) -> ErasureRequest:
    """Note that `method` has shown that the subject itself asks."""
    request = request_lock(request_id)
    _to_review(request, method, actor=actor)
    notice_send(request, NoticeKind.VERIFIED)
    return request


def _require_answered(reopened: uuid.UUID | None) -> None:
    if reopened is None:
        return
    if not ErasureRequest.objects.filter(pk=reopened, state__in=FINAL_STATES).exists():
        raise NotAnsweredError


def _first_open(index: bytes) -> ErasureRequest | None:
    """Return the oldest open request of the subject with this index."""
    return (
        ErasureRequest.objects.open()
        .filter(identity_index=index)
        .order_by("received_at", "pk")
        .first()
    )


def _to_review(request: ErasureRequest, method: IdentityMethod, *, actor: str) -> None:
    """From here on the subject's records are restricted: Art. 18.

    A pause that waited for just this proof ends: Art. 12(6) gives no more time.
    """
    if request.pauses.filter(ended_on=None, kind=PauseKind.IDENTITY).exists():
        pause_close(request)
        event_add(request, Step.UNPAUSED, actor=actor)
    request_move(
        request,
        State.IN_REVIEW,
        actor=actor,
        note=IDENTITY_NOTES[method],
        identity_method=method,
        verified_at=timezone.now(),
    )
    restriction_begin(
        external_id=identity_decrypt(request.identity),
        request_id=request.pk,
        scope=scope_decrypt(request.scope),
    )
