"""Tell the person, those who had the data from us, and the controller's own systems.

All of it goes through the outbox, in the transaction of the step that is told of.
"""

import json
from typing import Any

from django.utils import timezone

from compliance.canonical import canonical_json
from compliance.erasure.identity import identity_decrypt, request_scope
from compliance.erasure.letters import NoticeKind, letter, rendered
from compliance.erasure.links import status_url
from compliance.erasure.models import ErasureRequest, Recipient, RecipientNotice
from compliance.jobs.models import Endpoint, OutboxMessage
from compliance.jobs.outbox import mail_enqueue, webhook_enqueue
from compliance.records.scope import EVERYTHING
from compliance.sealing import unseal

CHANGED = "erasure.changed"
ERASED = "erasure.recipient"


def topic_of(kind: NoticeKind) -> str:
    """Return the topic of a message of this kind."""
    return f"erasure.{kind.value}"


# The notices that a request has ended without an erasure.
ENDINGS = frozenset(map(topic_of, (NoticeKind.DENIED, NoticeKind.CANCELLED, NoticeKind.EXPIRED)))


def notice_send(request: ErasureRequest, kind: NoticeKind, **facts: object) -> OutboxMessage | None:
    """Write to the person; None where the controller has supplied no address.

    Call it before a step that ends the request: the address is forgotten with that.
    """
    if request.contact is None:
        return None
    written = letter(kind, request, link=status_url(request.pk), facts=facts)
    return mail_enqueue(
        about=request.pk,
        topic=topic_of(kind),
        to=unseal(request.contact).decode(),
        subject=written.subject,
        text=written.text,
    )


def ending_notice(request: ErasureRequest) -> OutboxMessage | None:
    """Return the mail that tells the person of the end without an erasure, if one was written."""
    return OutboxMessage.objects.filter(about=request.pk, topic__in=ENDINGS).first()


def recipients_tell(request: ErasureRequest) -> list[RecipientNotice]:
    """Tell every active recipient whose data has been erased: Art. 19. Call it at approval."""
    scope = request_scope(request)
    data: dict[str, Any] = {"id": str(request.pk), "subject": identity_decrypt(request.identity)}
    if scope != EVERYTHING:
        data["scope"] = scope.to_json()
    return [
        RecipientNotice.objects.create(
            request=request, recipient=recipient, message=_tell(request, recipient, data)
        )
        for recipient in Recipient.objects.filter(is_active=True).select_related("endpoint")
    ]


def change_tell(request: ErasureRequest) -> None:
    """Tell the endpoints that hear of every change how the request stands, and of nobody."""
    for endpoint in Endpoint.objects.listening():
        _call(request, CHANGED, endpoint, _standing(request))


def _standing(request: ErasureRequest) -> dict[str, Any]:
    return {
        "id": str(request.pk),
        "state": request.state,
        "outcome": request.outcome or None,
        "due_on": request.due().isoformat(),
        "paused_on": request.paused_on.isoformat() if request.paused_on else None,
        **{
            name: moment.isoformat() if moment else None
            for name, moment in (
                ("received_at", request.received_at),
                ("verified_at", request.verified_at),
                ("decided_at", request.decided_at),
                ("completed_at", request.completed_at),
            )
        },
    }


def _tell(request: ErasureRequest, recipient: Recipient, data: dict[str, Any]) -> OutboxMessage:
    if recipient.endpoint:
        return _call(request, ERASED, recipient.endpoint, data)
    assert recipient.mail is not None
    subject = data["subject"] if data["subject"].isprintable() else _quoted(data["subject"])
    scope = _quoted(data["scope"]) if "scope" in data else ""
    written = rendered("recipient", recipient.language, {"subject": subject, "scope": scope})
    return mail_enqueue(
        about=request.pk,
        topic=ERASED,
        to=unseal(recipient.mail).decode(),
        subject=written.subject,
        text=written.text,
    )


def _quoted(value: object) -> str:
    """Return JSON. What is not seen, or adds lines, or turns their order about, is an escape."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if text.replace("\n", "").isprintable() else json.dumps(value, indent=2)


def _call(
    request: ErasureRequest, topic: str, endpoint: Endpoint, data: dict[str, Any]
) -> OutboxMessage:
    content = {"type": topic, "timestamp": timezone.now().isoformat(), "data": data}
    body = canonical_json(content)
    return webhook_enqueue(about=request.pk, topic=topic, endpoint=endpoint, body=body)
