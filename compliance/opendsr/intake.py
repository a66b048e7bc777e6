"""Take in a request: again and again under one id, and it is one request."""

from typing import Any

from django.db import transaction

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.canonical import canonical_json
from compliance.erasure.filing import Filing, OtherRequestError, request_file
from compliance.erasure.models import Channel, ErasureRequest, IdentityMethod
from compliance.erasure.services.receiving import Origin
from compliance.keyring import Key, keyed_digest
from compliance.opendsr.callbacks import callbacks_seal
from compliance.opendsr.models import OpenDsrRequest


@transaction.atomic
def dsr_receive(client: ApiClient, values: dict[str, Any], body: Any) -> OpenDsrRequest:
    """Take in what `client` sends: `values` are the valid content, `body` is the JSON of it.

    The same id with the same content gives what is there already; `OtherRequestError` for another
    content, and for an id that is somebody else's. The order of members and white space are no
    content.
    """
    digest = keyed_digest(Key.BLIND_INDEX, "opendsr", canonical_json(body).decode())
    there = _find(values)
    if there is None:
        request, is_new = request_file(
            _filing(client, values),
            request_id=values["subject_request_id"],
            actor=f"client:{client.pk}",
        )
        if is_new:
            return _side(client, request, values, digest)
        there = _find(values)  # another call with this id came first
    if there is None or there.client_id != client.pk or bytes(there.body_digest or b"") != digest:
        raise OtherRequestError
    return there


def _find(values: dict[str, Any]) -> OpenDsrRequest | None:
    sides = OpenDsrRequest.objects.select_related("client", "request")
    return sides.filter(pk=values["subject_request_id"]).first()


def _side(
    client: ApiClient, request: ErasureRequest, values: dict[str, Any], digest: bytes
) -> OpenDsrRequest:
    return OpenDsrRequest.objects.create(
        request=request,
        client=client,
        regulation=values["regulation"],
        body_digest=digest,
        callback_urls=callbacks_seal(values["status_callback_urls"] or []),
    )


def _filing(client: ApiClient, values: dict[str, Any]) -> Filing:
    """Return what is filed. The controller's word shows the identity if the client may give it."""
    [identity], extension = values["subject_identities"], values["extension"]
    vouched = Scope.ERASURE_ASSERT.value in client.scopes
    return Filing(
        subject=identity["identity_value"],
        ground=extension["ground"],
        channel=Channel.OPENDSR,
        identity=IdentityMethod.ASSERTED if vouched else None,
        scope=extension["scope"],
        origin=Origin(
            source=extension["source"],
            submitted_at=values["submitted_time"],
            language=extension["language"],
        ),
    )
