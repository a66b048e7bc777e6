"""The file of one request: everything that is held about it, in order.

Not in it are the identifier, the scope and the addresses: whom it is about is not said. What was
told to the person is, in the words that the person was told.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.accounts.admin_base import actor_names
from compliance.erasure.models import Answer, ErasureRequest, Extension, Pause, Step, TouchedShard
from compliance.erasure.services.timing import request_due_on
from compliance.erasure.transitions import event_add, request_lock
from compliance.evidence.models import Certificate
from compliance.evidence.reports.requests import request_facts
from compliance.jobs.models import OutboxMessage
from compliance.provenance.models import Adapter
from compliance.sealing import unseal

Part = dict[str, Any]


@transaction.atomic
def case_file_take(*, request_id: uuid.UUID, actor: str, with_comments: bool) -> Part:
    """Return the file as it stands, and note in the request's history who took it.

    Comments are in it only for those who may read them. Raises `ErasureRequest.DoesNotExist`.
    """
    request = request_lock(request_id)
    event_add(request, Step.CASE_FILE_TAKEN, actor=actor)
    return case_file(request, with_comments=with_comments)


def case_file(request: ErasureRequest, *, with_comments: bool) -> Part:
    """Return everything about the request but whom it is about."""
    return {
        "made_at": timezone.now(),
        "time_zone": settings.TIME_ZONE,
        "request": request_facts(request.pk),
        "clock": _clock(request),
        "refusal": _refusal(request),
        "events": _events(request),
        "previews": list(request.previews.order_by("pk").values("shown_at", "digest")),
        "endorsements": _named(request.endorsements.order_by("pk").values("at", "actor", "digest")),
        "comments": _comments(request) if with_comments else None,
        "notices": _notices(request.pk),
        "linked": _linked(request),
        "shards": [_shard(each) for each in request.touched.order_by("shard")],
        "releases": {
            "before": request.release_before,
            "interim": request.release_interim,
            "after": request.release_after,
            "proof_before": request.proof_before,
            "proof_after": request.proof_after,
        },
        "certificate": _certificate(request),
    }


def _clock(request: ErasureRequest) -> Part:
    extension = Extension.objects.filter(request=request).first()
    return {
        "started_at": request.clock_start,
        "due_on": request.due_on,
        "due_on_without_pauses": request_due_on(request, paused=False),
        "extension": _extension(extension) if extension else None,
        "pauses": [_pause(each) for each in request.pauses.all()],
    }


def _extension(extension: Extension) -> Part:
    return {
        "decided_at": extension.decided_at,
        "actor": _name(extension.actor),
        "reasons": _words(extension.reasons),
        "notice": extension.notice,
        "in_force_at": extension.in_force_at,
    }


def _pause(pause: Pause) -> Part:
    days = (pause.ended_on - pause.started_on).days if pause.ended_on else None
    return {
        "kind": pause.kind,
        "started_on": pause.started_on,
        "ended_on": pause.ended_on,
        "days": days,
    }


def _refusal(request: ErasureRequest) -> Part | None:
    answer = Answer.objects.filter(request=request).first()
    if answer is None:
        return None
    return {
        "article": answer.article,
        "text": _words(answer.text),
        "written_at": answer.written_at,
    }


def _events(request: ErasureRequest) -> list[Part]:
    names = ("at", "step", "from_state", "to_state", "actor", "note")
    return _named(request.events.order_by("pk").values(*names))


def _comments(request: ErasureRequest) -> list[Part]:
    found = _named(request.comments.order_by("pk").values("at", "actor", "text"))
    return [each | {"text": _words(each["text"])} for each in found]


def _notices(request_id: uuid.UUID) -> list[Part]:
    """Return the messages about the request, each with every attempt to deliver it.

    A `recipient` is told of the erasure by Art. 19; the others went to the person or a system.
    """
    messages = OutboxMessage.objects.filter(about=request_id).order_by("created_at", "pk")
    return [_notice(each) for each in messages.select_related("endpoint", "notice__recipient")]


def _notice(message: OutboxMessage) -> Part:
    return {
        "id": message.pk,
        "topic": message.topic,
        "kind": message.kind,
        "endpoint": message.endpoint.name if message.endpoint else None,
        "recipient": message.notice.recipient.name if hasattr(message, "notice") else None,
        "state": message.state,
        "created_at": message.created_at,
        "delivered_at": message.delivered_at,
        "attempts": list(message.attempts.values("at", "outcome", "status")),
    }


def _linked(request: ErasureRequest) -> Part:
    return {
        "reopens": request.reopens_id,
        "reopened_by": _ids(request.reopened_by.all()),
        "duplicate_of": request.duplicate_of_id,
        "duplicates": _ids(request.duplicates.all()),
    }


def _ids(requests: QuerySet[ErasureRequest]) -> list[uuid.UUID]:
    return list(requests.order_by("received_at", "pk").values_list("pk", flat=True))


def _shard(touched: TouchedShard) -> Part:
    successor = touched.successor()
    return {
        "plan": touched.plan.digest,
        "shard": touched.shard,
        "first_slice": touched.first_slice,
        "removed_commitments": touched.removed_commitments(),
        "manifest_before": touched.manifest_before,
        "adapter_before": touched.adapter_before,
        "adapter": _adapter(successor) if successor else None,
    }


def _adapter(adapter: Adapter) -> Part:
    """Return the newest adapter that has not seen the records."""
    return {
        "generation": adapter.generation,
        "state": adapter.state,
        "digest": adapter.digest,
        "replay": adapter.replay,
        "activated_at": adapter.activated_at,
        "manifest": adapter.manifest,
    }


def _certificate(request: ErasureRequest) -> Part | None:
    certificate = Certificate.objects.filter(request=request).first()
    if certificate is None:
        return None
    return {
        "id": certificate.pk,
        "issued_at": certificate.issued_at,
        "digest": certificate.digest,
        "key_id": certificate.key_id,
        "envelope": bytes(certificate.envelope).decode(),
    }


def _named(rows: Iterable[Mapping[str, Any]]) -> list[Part]:
    found = [dict(row) for row in rows]
    names = actor_names(row["actor"] for row in found)
    return [row | {"actor": names[row["actor"]]} for row in found]


def _name(actor: str) -> str:
    return actor_names([actor])[actor]


def _words(sealed: bytes | memoryview | None) -> str | None:
    """Return what was written; None once its time was up and it was cleared."""
    if sealed is None:
        return None
    try:
        return unseal(sealed).decode()
    except InvalidToken:  # the rest of the file is needed all the same
        return _("(encrypted with another identity key)")
