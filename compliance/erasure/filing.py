"""File a request under an id that the client has chosen: again and again, and it is one request."""

import uuid
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext as _

from compliance.erasure.identity import identity_index, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services.receiving import Origin, request_receive
from compliance.erasure.states import State
from compliance.records.scope import EVERYTHING, Scope


class OtherRequestError(Exception):
    """The id belongs to a request of another content."""

    def __init__(self) -> None:
        super().__init__(_("This id belongs to a request of another content. Choose a new one."))


@dataclass(frozen=True)
class Filing:
    """What is filed. `identity` is what shows already that the subject itself asks."""

    subject: str
    ground: Ground
    channel: Channel
    identity: IdentityMethod | None = None
    scope: Scope = EVERYTHING
    origin: Origin = Origin()  # noqa: RUF009 - frozen


def request_file(
    filing: Filing, *, request_id: uuid.UUID | None, actor: str
) -> tuple[ErasureRequest, bool]:
    """Take in a request; return it, and whether it is new.

    The same id with the same content gives the request that is there already; with another
    content `OtherRequestError`. Once a request is answered it holds no subject and no scope any
    more: what is left to be compared is the rest.
    """
    there = _find(request_id)
    if there is None:
        try:
            request = request_receive(
                request_id=request_id,
                subject=filing.subject,
                ground=filing.ground,
                identity=filing.identity,
                scope=filing.scope,
                channel=filing.channel,
                origin=filing.origin,
                actor=actor,
            )
            return request, True
        except IntegrityError:  # another call with this id came first
            there = _find(request_id)
            if there is None:
                raise
    if not _agrees(there, filing):
        raise OtherRequestError
    return there, False


def _find(request_id: uuid.UUID | None) -> ErasureRequest | None:
    return ErasureRequest.objects.filter(pk=request_id).first() if request_id else None


def _agrees(request: ErasureRequest, filing: Filing) -> bool:
    index = request.identity_index
    if index is not None and bytes(index) != identity_index(filing.subject):
        return False
    if request.scope is not None and scope_decrypt(request.scope) != filing.scope:
        return False
    was = (request.scope_kind, request.ground, request.channel, _proven_at_receipt(request))
    now = (filing.scope.kind, filing.ground, filing.channel, filing.identity or "")
    origin = (request.source, request.submitted_at, request.reopens_id)
    asked = (filing.origin.source, filing.origin.submitted_at, filing.origin.reopens)
    return was == now and origin == asked


def _proven_at_receipt(request: ErasureRequest) -> str:
    """Return what had shown the identity when the request came in; none if it was shown later."""
    straight = request.events.filter(
        from_state=State.RECEIVED.value, to_state=State.IN_REVIEW.value
    ).exists()
    return request.identity_method if straight else ""
