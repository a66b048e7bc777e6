"""End a request without an erasure: denied, taken back, or its identity never proven.

Its restriction ends when the person has been told, not before: Art. 18(3).
"""

import logging
import uuid
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.erasure.clock import paused_days
from compliance.erasure.errors import StepError
from compliance.erasure.law import WORDS
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import Answer, ErasureRequest, IdentityCode, Refusal, Step
from compliance.erasure.notices import notice_send
from compliance.erasure.services.timing import pause_close, pauses_ended
from compliance.erasure.states import (
    UNERASED_STATES,
    IllegalTransitionError,
    State,
    check_transition,
)
from compliance.erasure.transitions import FORGOTTEN, event_add, request_lock, request_move
from compliance.faults import frames_of
from compliance.records.models import Restriction
from compliance.records.restriction import restriction_end
from compliance.sealing import seal

logger = logging.getLogger(__name__)
SYSTEM = "system:clock"


class NoReasonError(StepError):
    """A refusal tells the person its reasons: Art. 12(4)."""

    def __init__(self) -> None:
        super().__init__(_("Tell the person why the request is refused: Art. 12(4)."))


class NotEndedError(StepError):
    """There is nothing to tell yet, or the approval's notice has told it."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Only of a request that has ended without an erasure it can be said that the "
                "person was told of its end."
            )
        )


@transaction.atomic
def request_deny(
    *, request_id: uuid.UUID, actor: str, article: Refusal, text: str, told: bool = False
) -> ErasureRequest:
    """Refuse the request. Nothing is erased. `text` is for the person; raises `NoReasonError`.

    The person is told by mail, or has been `told` otherwise, by letter for instance.
    """
    request = request_lock(request_id)
    check_transition(request.status, State.DENIED)
    if not text.strip():
        raise NoReasonError
    Answer.objects.create(request=request, article=article, text=seal(text.strip()))
    if not told:
        notice_send(request, NoticeKind.DENIED, article=WORDS[article], text=text.strip())
    _end(request, State.DENIED, actor=actor, note=article.value, decided_at=timezone.now())
    if told:
        _note_told(request, actor=actor)
    return request


@transaction.atomic
def request_cancel(*, request_id: uuid.UUID, actor: str, told: bool = False) -> ErasureRequest:
    """Take the request back for the person, while nothing has been erased.

    The person is told by mail, or has been `told` otherwise, by letter for instance.
    """
    request = request_lock(request_id)
    check_transition(request.status, State.CANCELLED)
    if not told:
        notice_send(request, NoticeKind.CANCELLED)
    _end(request, State.CANCELLED, actor=actor)
    if told:
        _note_told(request, actor=actor)
    return request


@transaction.atomic
def request_withdraw(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Take the request back at the person's own hand, or at that of whom the person deals with.

    That act tells it: the restriction ends at once. A mail confirms it, where an address is known.
    """
    request = request_cancel(request_id=request_id, actor=actor)
    restriction_lift(request_id=request_id, actor=actor)
    return request


@transaction.atomic
def person_told(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Note that the person was told of the request's end otherwise than by mail: Art. 18(3).

    The restriction ends with that. Does nothing where none stands any more. Raises
    `NotEndedError`.
    """
    request = request_lock(request_id)
    if request.status not in UNERASED_STATES:
        raise NotEndedError
    if Restriction.objects.filter(request_id=request.pk).exists():
        _note_told(request, actor=actor)
    return request


@transaction.atomic
def request_expire(*, request_id: uuid.UUID, actor: str = SYSTEM) -> ErasureRequest:
    """End a request whose subject was never shown to ask itself."""
    request = request_lock(request_id)
    check_transition(request.status, State.EXPIRED)
    notice_send(request, NoticeKind.EXPIRED)
    _end(request, State.EXPIRED, actor=actor)
    return request


def requests_expire() -> int:
    """End the requests that have waited for a proof of identity too long; return how many.

    The days on which the clock stood do not count.
    """
    before = timezone.now() - timedelta(days=settings.IDENTITY_DAYS)
    waiting = ErasureRequest.objects.filter(
        state=State.AWAITING_IDENTITY, received_at__lt=before, paused_on=None
    )
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return sum(_expire_due(request_id) for request_id in ids)


def _expire_due(request_id: uuid.UUID) -> bool:
    """End a request that waits in vain. One that cannot be ended holds up no other."""
    try:
        with transaction.atomic():
            if _has_time_left(request_lock(request_id)):
                return False
            request_expire(request_id=request_id)
    except IllegalTransitionError:  # somebody has ended it, or shown the identity, meanwhile
        return False
    except Exception as error:
        # Where it arose, but not its message, which may quote personal data.
        frames = frames_of(error)
        logger.error("%s with request %s, at:\n%s", type(error).__name__, request_id, frames)
        return False
    return True


def _has_time_left(request: ErasureRequest) -> bool:
    days = settings.IDENTITY_DAYS + paused_days(pauses_ended(request), since=date.min)
    start = timezone.now() - timedelta(days=days)
    return request.paused_on is not None or request.received_at >= start


@transaction.atomic
def restriction_lift(*, request_id: uuid.UUID, actor: str) -> None:
    """End the restriction of an ended request, once: the person has been told, Art. 18(3)."""
    request = request_lock(request_id)
    if Restriction.objects.filter(request_id=request.pk).exists():
        restriction_end(request_id=request.pk)
        event_add(request, Step.RESTRICTION_LIFTED, actor=actor)


def _note_told(request: ErasureRequest, *, actor: str) -> None:
    event_add(request, Step.PERSON_TOLD, actor=actor)
    restriction_lift(request_id=request.pk, actor=actor)


def _end(
    request: ErasureRequest, target: State, *, actor: str, note: str = "", **values: Any
) -> None:
    """End a locked request; whom and what it is about is needed no longer."""
    pause_close(request)
    request_move(request, target, actor=actor, note=note, **FORGOTTEN, **values)
    IdentityCode.objects.filter(request=request).delete()
