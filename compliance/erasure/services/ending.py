"""End a request without an erasure: denied, taken back, or its identity never proven."""

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
from compliance.erasure.states import IllegalTransitionError, State, check_transition
from compliance.erasure.transitions import FORGOTTEN, event_add, request_lock, request_move
from compliance.faults import frames_of
from compliance.jobs.models import OutboxMessage
from compliance.records.models import Restriction
from compliance.records.restriction import restriction_end
from compliance.sealing import seal

logger = logging.getLogger(__name__)
SYSTEM = "system:clock"


class NoReasonError(StepError):
    """A refusal tells the person its reasons: Art. 12(4)."""

    def __init__(self) -> None:
        super().__init__(_("Tell the person why the request is refused: Art. 12(4)."))


@transaction.atomic
def request_deny(
    *, request_id: uuid.UUID, actor: str, article: Refusal, text: str
) -> ErasureRequest:
    """Refuse the request. Nothing is erased. `text` is for the person; raises `NoReasonError`."""
    request = request_lock(request_id)
    check_transition(request.status, State.DENIED)
    if not text.strip():
        raise NoReasonError
    Answer.objects.create(request=request, article=article, text=seal(text.strip()))
    told = notice_send(request, NoticeKind.DENIED, article=WORDS[article], text=text.strip())
    _end(request, State.DENIED, told, actor=actor, note=article.value, decided_at=timezone.now())
    return request


@transaction.atomic
def request_cancel(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Take the request back, while nothing has been erased."""
    request = request_lock(request_id)
    check_transition(request.status, State.CANCELLED)
    told = notice_send(request, NoticeKind.CANCELLED)
    _end(request, State.CANCELLED, told, actor=actor)
    return request


@transaction.atomic
def request_expire(*, request_id: uuid.UUID, actor: str = SYSTEM) -> ErasureRequest:
    """End a request whose subject was never shown to ask itself."""
    request = request_lock(request_id)
    check_transition(request.status, State.EXPIRED)
    told = notice_send(request, NoticeKind.EXPIRED)
    _end(request, State.EXPIRED, told, actor=actor)
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
def restriction_lift(*, request_id: uuid.UUID, actor: str, note: str = "") -> None:
    """End the restriction of an ended request, once: the person has been told, Art. 18(3)."""
    request = request_lock(request_id)
    if Restriction.objects.filter(request_id=request.pk).exists():
        restriction_end(request_id=request.pk)
        event_add(request, Step.RESTRICTION_LIFTED, actor=actor, note=note)


def _end(
    request: ErasureRequest,
    target: State,
    told: OutboxMessage | None,
    *,
    actor: str,
    note: str = "",
    **values: Any,
) -> None:
    """End a locked request; whom and what it is about is needed no longer.

    The restriction stands until the notice `told` has been delivered, if there is one.
    """
    pause_close(request)
    request_move(request, target, actor=actor, note=note, **FORGOTTEN, **values)
    IdentityCode.objects.filter(request=request).delete()
    if told is None:
        restriction_lift(request_id=request.pk, actor=actor)
