"""The outbox: messages are rows in the transaction that decides them, so none is lost or too many.

Delivery is at least once. A receiver knows a repetition by the message's id.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from compliance.jobs.models import (
    DeliveryAttempt,
    Endpoint,
    MessageKind,
    MessageState,
    OutboxMessage,
    Outcome,
    Queue,
)
from compliance.jobs.services import job_enqueue
from compliance.jobs.signals import message_delivered
from compliance.sealing import seal, unseal

DELIVER = "deliver"
# The pauses after each attempt but the last, which comes about a day after the first.
PAUSES = (5, 60, 300, 1_800, 7_200, 18_000, 28_800, 28_800)


class MessageError(ValueError):
    """The message cannot be sent as it is; the text says what of it, and quotes nothing."""


class NotDeadError(Exception):
    """Only a dead letter can be sent again, while its content is kept."""


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    text: str


@dataclass(frozen=True)
class Webhook:
    """A call by POST. For an endpoint `url` is empty: the address is the one it has by then."""

    url: str
    body: str  # base64
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.body)


def mail_enqueue(*, about: UUID, topic: str, to: str, subject: str, text: str) -> OutboxMessage:
    """Queue a mail in the caller's transaction. Raise `MessageError` for what is no mail."""
    try:
        validate_email(to)
    except ValidationError:
        raise MessageError("The address is no mail address. Give one like name@host.") from None
    if not subject or not subject.isprintable():
        raise MessageError("The subject must be one line of printable characters.")
    return _enqueue(MessageKind.MAIL, about, topic, Mail(to, subject, text))


def webhook_enqueue(
    *,
    about: UUID,
    topic: str,
    body: bytes,
    url: str = "",
    headers: Mapping[str, str] | None = None,
    endpoint: Endpoint | None = None,
) -> OutboxMessage:
    """Queue a call by POST to `endpoint`, signed with its secret, or else to `url` as it is.

    `headers` go with it as they are; without `Content-Type` the body is JSON.
    """
    if bool(url) == bool(endpoint):
        raise MessageError("Give either an endpoint or a url.")
    for name, value in (headers or {}).items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise MessageError("A header must be one line of printable ASCII characters.")
    call = Webhook(url, base64.b64encode(body).decode(), dict(headers or {}))
    return _enqueue(MessageKind.WEBHOOK, about, topic, call, endpoint)


def payload_of(message: OutboxMessage) -> Mail | Webhook:
    """Return what a queued message says. Raise `InvalidToken` under another key."""
    assert message.payload is not None
    values = json.loads(unseal(message.payload))
    return Mail(**values) if message.kind == MessageKind.MAIL else Webhook(**values)


@transaction.atomic
def message_resend(*, message_id: UUID) -> OutboxMessage:
    """Queue a dead letter again, with all its attempts. Raise `NotDeadError` otherwise."""
    revived = OutboxMessage.objects.filter(
        pk=message_id, state=MessageState.DEAD, payload__isnull=False
    ).update(state=MessageState.QUEUED, tries=0)
    if revived != 1:
        raise NotDeadError("Only a dead letter whose content is still kept can be sent again.")
    job_enqueue(queue=Queue.NOTIFY, kind=DELIVER, target=str(message_id))
    return OutboxMessage.objects.get(pk=message_id)


@transaction.atomic
def message_mark_delivered(message: OutboxMessage, *, status: int | None) -> None:
    """Note a delivery and forget what was said. What follows from it is `delivery_tell`'s."""
    _attempt(message, Outcome.DELIVERED, status)
    OutboxMessage.objects.filter(pk=message.pk, state=MessageState.QUEUED).update(
        state=MessageState.DELIVERED,
        delivered_at=timezone.now(),
        payload=None,
        tries=F("tries") + 1,
    )


def delivery_tell(*, message_id: UUID) -> None:
    """Tell those who wait for this delivery. Call it in the transaction that ends its job.

    So they hear of it once. Where one of them fails the job stays open, and tells again.
    """
    assert transaction.get_connection().in_atomic_block
    message = OutboxMessage.objects.get(pk=message_id)
    if message.state == MessageState.DELIVERED:
        message_delivered.send(OutboxMessage, message=message)


def message_mark_failed(
    message: OutboxMessage, *, outcome: Outcome, status: int | None = None, final: bool = False
) -> int | None:
    """Note an attempt in vain; return the seconds to the next, or None if it was the last."""
    assert transaction.get_connection().in_atomic_block
    _attempt(message, outcome, status)
    last = final or message.tries >= len(PAUSES)
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=MessageState.DEAD if last else MessageState.QUEUED, tries=F("tries") + 1
    )
    return None if last else PAUSES[message.tries]


def message_cancel(message: OutboxMessage, *, outcome: Outcome) -> None:
    """End a message that is wanted no more, and forget what it said."""
    assert transaction.get_connection().in_atomic_block
    _attempt(message, outcome, None)
    OutboxMessage.objects.filter(pk=message.pk).update(state=MessageState.CANCELLED, payload=None)


def dead_letters_forget(*, before: datetime) -> int:
    """Give up dead letters created before then, and forget what they said; return how many."""
    return OutboxMessage.objects.filter(state=MessageState.DEAD, created_at__lt=before).update(
        state=MessageState.CANCELLED, payload=None
    )


def _enqueue(
    kind: MessageKind,
    about: UUID,
    topic: str,
    content: Mail | Webhook,
    endpoint: Endpoint | None = None,
) -> OutboxMessage:
    assert transaction.get_connection().in_atomic_block
    message = OutboxMessage.objects.create(
        kind=kind,
        about=about,
        topic=topic,
        endpoint=endpoint,
        payload=seal(json.dumps(asdict(content))),
    )
    job_enqueue(queue=Queue.NOTIFY, kind=DELIVER, target=str(message.pk))
    return message


def _attempt(message: OutboxMessage, outcome: Outcome, status: int | None) -> None:
    DeliveryAttempt.objects.create(message=message, outcome=outcome, status=status)
