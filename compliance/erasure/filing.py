"""File a request under an id that the client has chosen: again and again, and it is one request."""

import uuid

from django.db import IntegrityError

from compliance.erasure.identity import identity_index, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest, Ground
from compliance.erasure.services import request_receive
from compliance.erasure.states import State
from compliance.records.scope import EVERYTHING, Scope


class OtherRequestError(Exception):
    """The id belongs to a request of another content."""

    def __init__(self) -> None:
        super().__init__("This id belongs to a request of another content. Choose a new one.")


def request_file(
    *,
    request_id: uuid.UUID | None,
    subject: str,
    ground: Ground,
    identity_asserted: bool,
    actor: str,
    scope: Scope = EVERYTHING,
) -> tuple[ErasureRequest, bool]:
    """Take in a request by API; return it, and whether it is new.

    The same id with the same content gives the request that is there already; with another
    content `OtherRequestError`. Once a request is answered it holds no subject and no scope any
    more: what is left to be compared is the ground, the kind of scope, and who vouched for the
    identity.
    """
    there = _find(request_id)
    if there is None:
        try:
            request = request_receive(
                request_id=request_id,
                subject=subject,
                ground=ground,
                identity_asserted=identity_asserted,
                scope=scope,
                channel=Channel.API,
                actor=actor,
            )
            return request, True
        except IntegrityError:  # another call with this id came first
            there = _find(request_id)
            if there is None:
                raise
    if not _agrees(there, subject, ground, identity_asserted, scope):
        raise OtherRequestError
    return there, False


def _find(request_id: uuid.UUID | None) -> ErasureRequest | None:
    return ErasureRequest.objects.filter(pk=request_id).first() if request_id else None


def _agrees(
    request: ErasureRequest, subject: str, ground: Ground, asserted: bool, scope: Scope
) -> bool:
    index = request.identity_index
    if index is not None and bytes(index) != identity_index(subject):
        return False
    if request.scope_kind != scope.kind:
        return False
    if request.scope is not None and scope_decrypt(request.scope) != scope:
        return False
    return request.ground == ground and _was_asserted(request) == asserted


def _was_asserted(request: ErasureRequest) -> bool:
    """Whether the request went straight to review: its identity was vouched for at receipt."""
    return request.events.filter(
        from_state=State.RECEIVED.value, to_state=State.IN_REVIEW.value
    ).exists()
