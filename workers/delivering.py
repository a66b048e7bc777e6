"""Deliver mails and webhooks from the outbox. Needs no model."""

import logging
from uuid import UUID

from django.db import transaction

from compliance.faults import frames_of
from compliance.jobs.models import Job, MessageState, OutboxMessage, Outcome
from compliance.jobs.outbox import (
    delivery_tell,
    message_cancel,
    message_mark_delivered,
    message_mark_failed,
)
from compliance.jobs.sending import Sent, message_send
from compliance.jobs.services import LeaseLostError
from workers.work import Work

logger = logging.getLogger(__name__)

TELL_AGAIN_SECONDS = 60


def deliver(work: Work) -> None:
    """Send the message named by the job, note how it went, and tell those who wait for it.

    A worker killed between the answer and the note sends it again: at least once, under the same
    id. What has been noted is not sent again, whatever those do who are told of it.
    """
    message = OutboxMessage.objects.select_related("endpoint").get(pk=work.job.target)
    if message.state == MessageState.QUEUED:
        sent = _sent(message)
        if sent.outcome is not Outcome.DELIVERED:
            _note_failure(work, message, sent)
            return
        message_mark_delivered(message, status=sent.status)
    _tell(work)


def failed(job: Job) -> None:
    """Make a dead letter of a message that no worker survives; tell of one that was delivered."""
    message = OutboxMessage.objects.select_for_update().get(pk=job.target)
    if message.state == MessageState.QUEUED:
        message_mark_failed(message, outcome=Outcome.CRASHED, final=True)
    else:
        delivery_tell(message_id=message.pk)


def _sent(message: OutboxMessage) -> Sent:
    if message.endpoint and not message.endpoint.is_active:
        return Sent(Outcome.SWITCHED_OFF)
    return message_send(message)


@transaction.atomic
def _note_failure(work: Work, message: OutboxMessage, sent: Sent) -> None:
    work.lease.prolong()  # the job before the request that hears of it
    pause = None
    if sent.outcome is Outcome.SWITCHED_OFF:
        message_cancel(message, outcome=sent.outcome)
    else:
        pause = message_mark_failed(
            message, outcome=sent.outcome, status=sent.status, final=sent.final
        )
    if pause is None:
        work.lease.succeed()
    else:
        work.lease.postpone(seconds=pause, reason=sent.outcome.value)


def _tell(work: Work) -> None:
    """End the job when all have been told. Until then it waits: a delivery is never forgotten."""
    try:
        with transaction.atomic():
            work.lease.succeed()
            delivery_tell(message_id=UUID(work.job.target))
    except LeaseLostError:
        raise
    except Exception as error:
        reason = f"Delivered; what follows from it failed: {type(error).__name__}."
        frames = frames_of(error)
        logger.error("Message %s. %s\n%s", work.job.target, reason, frames)
        work.lease.postpone(seconds=TELL_AGAIN_SECONDS, reason=reason)
