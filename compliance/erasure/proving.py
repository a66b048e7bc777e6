"""A code, sent to the address that the controller supplied with the subject.

It shows who reads that mailbox, and only because the controller says whose mailbox it is. For a
request without such an address nothing is sent, and every answer is the same.
"""

import hmac
import secrets
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from compliance.erasure.errors import TooManyCodesError
from compliance.erasure.letters import NoticeKind
from compliance.erasure.models import ErasureRequest, IdentityCode, IdentityMethod, Step
from compliance.erasure.notices import notice_send
from compliance.erasure.services.receiving import request_confirm_identity
from compliance.erasure.states import State
from compliance.erasure.transitions import event_add, request_lock, require_state
from compliance.keyring import Key, keyed_digest

DIGITS = 8
LIFE = timedelta(minutes=15)
PAUSE = timedelta(minutes=1)  # between two codes
MOST_ATTEMPTS = 5  # at one code
MOST_CODES = 5  # for one request: then a link or a reviewer has to show the identity
AWAITING = frozenset({State.AWAITING_IDENTITY})


@transaction.atomic
def code_send(*, request_id: uuid.UUID, actor: str) -> str | None:
    """Mail a new code to the person, and return it; None where none is to be sent.

    Raise `TooManyCodesError` within a minute of the last one; that is said of unknown subjects'
    requests too, for the time of the last call is kept either way.
    """
    request = request_lock(request_id)
    require_state(request, AWAITING, State.IN_REVIEW)
    now, code = timezone.now(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    last = IdentityCode.objects.select_for_update().filter(request=request).first()
    if last and now < last.sent_at + PAUSE:
        raise TooManyCodesError(1)
    if last and last.sent >= MOST_CODES:
        return None
    IdentityCode.objects.update_or_create(
        request=request,
        defaults={
            "digest": _digest(request, code),
            "expires_at": now + LIFE,
            "attempts": 0,
            "sent": last.sent + 1 if last else 1,
            "sent_at": now,
        },
    )
    if request.contact is None:
        return None
    event_add(request, Step.CODE_SENT, actor=actor)
    notice_send(request, NoticeKind.CODE, code=code, minutes=LIFE // timedelta(minutes=1))
    return code


@transaction.atomic
def code_check(*, request_id: uuid.UUID, code: str, actor: str) -> bool:
    """Move the request into review if `code` is the one that was sent; tell whether it was.

    A wrong one counts, and after the fifth the code is void. Comparing takes constant time.
    """
    request = request_lock(request_id)
    require_state(request, AWAITING, State.IN_REVIEW)
    sent = IdentityCode.objects.select_for_update().filter(request=request).first()
    given = _digest(request, code)
    known = bytes(sent.digest) if sent else bytes(len(given))
    alike = hmac.compare_digest(given, known)
    if sent is None or sent.attempts >= MOST_ATTEMPTS or timezone.now() >= sent.expires_at:
        return False
    if not alike or request.contact is None:
        _count_wrong(request, sent, actor)
        return False
    sent.delete()
    request_confirm_identity(request_id=request.pk, actor=actor, method=IdentityMethod.CODE)
    return True


def _count_wrong(request: ErasureRequest, sent: IdentityCode, actor: str) -> None:
    sent.attempts += 1
    sent.save(update_fields=["attempts"])
    if sent.attempts == MOST_ATTEMPTS:
        event_add(request, Step.CODES_USED_UP, actor=actor)


def _digest(request: ErasureRequest, code: str) -> bytes:
    return keyed_digest(Key.LINK, "code", str(request.pk), code.strip())
