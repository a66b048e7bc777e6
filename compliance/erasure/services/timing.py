"""What moves the due date: an extension, and pauses."""

import uuid
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.erasure.clock import Span, due_on, local_date
from compliance.erasure.errors import ClockError
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import ErasureRequest, Extension, Pause, PauseKind, Step
from compliance.erasure.notices import change_tell, notice_send
from compliance.erasure.states import UNDECIDED_STATES, State
from compliance.erasure.transitions import event_add, request_lock, request_write, require_state
from compliance.sealing import seal


@transaction.atomic
def request_extend(
    *, request_id: uuid.UUID, actor: str, reasons: str, told: bool = False
) -> ErasureRequest:
    """Take two months more: Art. 12(3). In force once the person has been told the `reasons`.

    The person is told by mail, or has been `told` otherwise, by letter for instance. Raises
    `ClockError` after the due date, at a second extension, and where nobody can be told.
    """
    request = request_lock(request_id)
    require_state(request, UNDECIDED_STATES, State.IN_REVIEW)
    if Extension.objects.filter(request=request).exists():
        raise ClockError(_("The request has been extended already; the law allows it once."))
    _require_in_time(request)
    if not reasons.strip():
        raise ClockError(_("Give the reasons: the person must be told them, Art. 12(3)."))
    if not told and request.contact is None:
        raise ClockError(
            _("There is no mail address to tell the person. Tell them otherwise, and say so here.")
        )
    due = request_due_on(request, extended=True)
    notice = (
        None
        if told
        else notice_send(request, NoticeKind.EXTENSION, due_on=due, reason=reasons.strip())
    )
    extension = Extension.objects.create(
        request=request,
        reasons=seal(reasons.strip()),
        actor=actor,
        notice=notice.pk if notice else None,
    )
    event_add(request, Step.EXTENSION_ASKED, actor=actor)
    if told:
        _in_force(request, extension, timezone.now(), actor=actor)
    return request


@transaction.atomic
def extension_confirm(
    *, request_id: uuid.UUID, actor: str, told_at: datetime | None = None
) -> ErasureRequest:
    """Put the extension in force: the person was told then, or just now.

    Does nothing if it is already. Told after the due date it is not in force, and the history
    says so.
    """
    told_at = told_at or timezone.now()
    request = request_lock(request_id)
    extension = Extension.objects.select_for_update().filter(request=request).first()
    if extension is None or extension.in_force_at or request.status not in UNDECIDED_STATES:
        return request
    if request.days_left(timezone.localdate(told_at)) < 0:
        event_add(request, Step.EXTENSION_LATE, actor=actor)
    else:
        _in_force(request, extension, told_at, actor=actor)
    return request


@transaction.atomic
def request_pause(*, request_id: uuid.UUID, actor: str, kind: PauseKind) -> ErasureRequest:
    """Stop the clock until the person answers a question. Raises `ClockError`."""
    request = request_lock(request_id)
    require_state(request, UNDECIDED_STATES, State.IN_REVIEW)
    if request.paused_on:
        raise ClockError(_("The clock is paused already."))
    _require_in_time(request)
    today = timezone.localdate()
    Pause.objects.create(request=request, kind=kind, started_on=today)
    request_write(request, paused_on=today)
    event_add(request, Step.PAUSED, actor=actor, note=kind.value)
    notice_send(request, NoticeKind.PAUSED, for_identity=kind is PauseKind.IDENTITY)
    change_tell(request)
    return request


@transaction.atomic
def request_unpause(*, request_id: uuid.UUID, actor: str) -> ErasureRequest:
    """Let the clock run again; the due date moves by the whole days of the pause."""
    request = request_lock(request_id)
    require_state(request, UNDECIDED_STATES, State.IN_REVIEW)
    if request.paused_on is None:
        raise ClockError(_("The clock runs already."))
    pause_close(request)
    event_add(request, Step.UNPAUSED, actor=actor)
    notice_send(request, NoticeKind.RESUMED_CLOCK)
    change_tell(request)
    return request


def pause_close(request: ErasureRequest) -> None:
    """End the pause of a locked request today, if there is one, and move the due date."""
    pause = request.pauses.filter(ended_on=None).first()
    if pause is None:
        return
    pause.ended_on = max(timezone.localdate(), pause.started_on)
    pause.save(update_fields=["ended_on"])
    request_write(request, paused_on=None, due_on=request_due_on(request))


def request_due_on(request: ErasureRequest, *, paused: bool = True, extended: bool = False) -> date:
    """Return the due date that receipt, extension and ended pauses give; or without the pauses.

    With `extended` as if an extension were in force.
    """
    in_force = Extension.objects.filter(request=request, in_force_at__isnull=False).exists()
    return due_on(
        request.clock_start,
        timezone.get_default_timezone(),
        extended=extended or in_force,
        pauses=pauses_ended(request) if paused else [],
    )


def pauses_ended(request: ErasureRequest) -> list[Span]:
    """Return the pauses that have ended, none of them before the receipt.

    Their days are those of the time zone that was set then: in another one since, a pause of the
    first day may seem to begin before it.
    """
    start = local_date(request.clock_start, timezone.get_default_timezone())
    rows = request.pauses.values_list("started_on", "ended_on")
    return [(max(first, start), max(last, start)) for first, last in rows if last]


def _in_force(
    request: ErasureRequest, extension: Extension, told_at: datetime, *, actor: str
) -> None:
    extension.in_force_at = told_at
    extension.save(update_fields=["in_force_at"])
    request_write(request, due_on=request_due_on(request))
    event_add(request, Step.EXTENDED, actor=actor)
    change_tell(request)


def _require_in_time(request: ErasureRequest) -> None:
    if request.days_left() < 0:
        raise ClockError(_("The due date has passed: the clock cannot be changed any more."))
