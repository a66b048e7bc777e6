"""What follows when a notice has reached the person, or has been given up."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import ErasureRequest, Extension
from compliance.erasure.notices import change_tell, topic_of
from compliance.erasure.services.ending import restriction_lift
from compliance.erasure.services.timing import extension_confirm
from compliance.erasure.signals import request_moved
from compliance.jobs.models import OutboxMessage
from compliance.jobs.signals import message_delivered, message_given_up

ACTOR = "system:notices"
ENDINGS = frozenset(map(topic_of, (NoticeKind.DENIED, NoticeKind.CANCELLED, NoticeKind.EXPIRED)))


def connect() -> None:
    """Listen to the outbox and to the moves of requests."""
    message_delivered.connect(delivered, dispatch_uid="erasure.hearing.delivered")
    message_given_up.connect(given_up, dispatch_uid="erasure.hearing.given_up")
    request_moved.connect(moved, dispatch_uid="erasure.hearing.moved")


@transaction.atomic
def delivered(*, message: OutboxMessage, **_: Any) -> None:
    """Put an extension in force, or lift a restriction: the person has been told."""
    if Extension.objects.filter(request=message.about, notice=message.pk).exists():
        extension_confirm(request_id=message.about, actor=ACTOR, told_at=message.delivered_at)
    if message.topic in ENDINGS:
        restriction_lift(request_id=message.about, actor=ACTOR)


@transaction.atomic
def given_up(*, message: OutboxMessage, **_: Any) -> None:
    """Lift a restriction although the mail came back: the status page tells the person."""
    if message.topic in ENDINGS:
        restriction_lift(
            request_id=message.about,
            actor=ACTOR,
            note=gettext_noop("The notice could not be delivered."),
        )


def moved(*, request: ErasureRequest, **_: Any) -> None:
    """Tell the endpoints that hear of every change."""
    change_tell(request)
