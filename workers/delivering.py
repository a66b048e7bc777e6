"""Deliver mails and webhooks from the outbox. Needs no model."""

from django.db import transaction

from compliance.jobs.models import Job, MessageState, OutboxMessage, Outcome
from compliance.jobs.outbox import message_cancel, message_mark_delivered, message_mark_failed
from compliance.jobs.sending import Sent, message_send
from workers.work import Work


def deliver(work: Work) -> None:
    """Send the message named by the job, and note in one transaction how it went.

    A worker killed between the two sends it again: at least once, under the same id.
    """
    message = OutboxMessage.objects.select_related("endpoint").get(pk=work.job.target)
    if message.state != MessageState.QUEUED:
        work.lease.succeed()
        return
    if message.endpoint and not message.endpoint.is_active:
        sent = Sent(Outcome.SWITCHED_OFF)
    else:
        sent = message_send(message)
    with transaction.atomic():
        _note(work, message, sent)


def failed(job: Job) -> None:
    """Make a dead letter of a message that no worker survives."""
    message = OutboxMessage.objects.select_for_update().get(pk=job.target)
    if message.state == MessageState.QUEUED:
        message_mark_failed(message, outcome=Outcome.CRASHED, final=True)


def _note(work: Work, message: OutboxMessage, sent: Sent) -> None:
    pause = None
    if sent.outcome is Outcome.DELIVERED:
        message_mark_delivered(message, status=sent.status)
    elif sent.outcome is Outcome.SWITCHED_OFF:
        message_cancel(message, outcome=sent.outcome)
    else:
        pause = message_mark_failed(
            message, outcome=sent.outcome, status=sent.status, final=sent.final
        )
    if pause is None:
        work.lease.succeed()
    else:
        work.lease.postpone(seconds=pause, reason=sent.outcome.value)
