"""What follows when a notice has reached the person."""

from typing import Any

from django.db import transaction

from compliance.erasure.models import ErasureRequest, Extension
from compliance.erasure.notices import ENDINGS, change_tell
from compliance.erasure.services.ending import restriction_lift
from compliance.erasure.services.timing import extension_confirm
from compliance.erasure.signals import request_moved
from compliance.jobs.models import OutboxMessage
from compliance.jobs.signals import message_delivered

ACTOR = "system:notices"


def connect() -> None:
    """Listen to the outbox and to the moves of requests."""
    message_delivered.connect(delivered, dispatch_uid="erasure.hearing.delivered")
    request_moved.connect(moved, dispatch_uid="erasure.hearing.moved")


@transaction.atomic
def delivered(*, message: OutboxMessage, **_: Any) -> None:
    """Put an extension in force, or lift a restriction: the person has been told."""
    if Extension.objects.filter(request=message.about, notice=message.pk).exists():
        extension_confirm(request_id=message.about, actor=ACTOR, told_at=message.delivered_at)
    if message.topic in ENDINGS:
        restriction_lift(request_id=message.about, actor=ACTOR)


def moved(*, request: ErasureRequest, **_: Any) -> None:
    """Tell the endpoints that hear of every change."""
    change_tell(request)
