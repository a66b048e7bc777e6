"""Issue the certificate that ends a request."""

from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from compliance.canonical import bytes_digest
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import ErasureRequest
from compliance.erasure.notices import notice_send
from compliance.erasure.states import State
from compliance.erasure.transitions import FORGOTTEN, request_lock, request_move
from compliance.evidence.content import certificate_content
from compliance.evidence.dsse import key_id
from compliance.evidence.keys import load_private
from compliance.evidence.models import Certificate
from compliance.evidence.statement import Model
from compliance.evidence.statement import certificate_issue as sign


@transaction.atomic
def certificate_issue(*, request_id: str, actor: str) -> Certificate:
    """Sign and store the certificate and complete the request, together or not at all.

    The caller holds the serving lock. A request has one certificate: asked again, the function
    returns it. Raise `NotReadyError` while an adapter is not active, `KeyFileError` without a
    signing key.
    """
    request = request_lock(request_id)
    issued = Certificate.objects.filter(request=request).first()
    if issued:
        return issued
    key = load_private(Path(settings.KEYS_DIR))
    content = certificate_content(request, now=timezone.now())
    envelope = sign(content, key)
    certificate = Certificate.objects.create(
        id=content.id,
        request=request,
        envelope=envelope,
        digest=bytes_digest(envelope),
        key_id=key_id(key.public_key()),
        issued_at=content.issued_at,
    )
    _complete(request, content.model, actor)
    return certificate


def _complete(request: ErasureRequest, model: Model | None, actor: str) -> None:
    """End the request; whom and what it is about is needed no longer."""
    notice_send(request, NoticeKind.COMPLETED)
    request_move(
        request,
        State.COMPLETED,
        actor=actor,
        completed_at=timezone.now(),
        release_after=model.release_after if model else "",
        proof_after=asdict(model.proof_after) if model and model.proof_after else None,
        subject_commitment="",
        **FORGOTTEN,
    )
