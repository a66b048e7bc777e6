"""The calls of OpenDSR 2.0."""

import uuid
from typing import Any, NoReturn

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from compliance.accounts.api import client_of, validated
from compliance.accounts.api_errors import Conflict
from compliance.accounts.scopes import Scope
from compliance.erasure.filing import OtherRequestError
from compliance.erasure.services import request_withdraw
from compliance.erasure.states import IllegalTransitionError
from compliance.opendsr.answers import as_bytes, cancellation, receipt, standing, with_signature
from compliance.opendsr.base import OpenDsrView, answer
from compliance.opendsr.intake import dsr_receive
from compliance.opendsr.models import OpenDsrRequest
from compliance.opendsr.serializers import (
    API_VERSION,
    IDENTITY_FORMAT,
    IDENTITY_TYPE,
    REQUEST_TYPE,
    NewRequestSerializer,
)

PEM = "application/x-pem-file"


class PemRenderer(JSONRenderer):
    """Lets a client ask for the certificate by its media type; errors are JSON all the same."""

    media_type = PEM


class PublicView(OpenDsrView):
    """Open to all: whoever gets a callback must be able to check it."""

    authentication_classes = []
    permission_classes = []


class DiscoveryView(PublicView):
    """What is supported here."""

    def get(self, request: Request) -> HttpResponse:
        path = reverse("opendsr-certificate")
        content = {
            "api_version": API_VERSION,
            "supported_identities": [
                {"identity_type": IDENTITY_TYPE, "identity_format": IDENTITY_FORMAT}
            ],
            "supported_subject_request_types": [REQUEST_TYPE],
            "processor_certificate": settings.PUBLIC_URL.rstrip("/") + path,
        }
        return answer(as_bytes(content))


class CertificateView(PublicView):
    """The X.509 certificate that checks our signatures, with its chain, in PEM."""

    renderer_classes = [PemRenderer, JSONRenderer]

    def get(self, request: Request) -> HttpResponse:
        return answer(self.signer().chain, content_type=PEM)


class RequestsView(OpenDsrView):
    """New requests."""

    scopes = {"POST": Scope.OPENDSR}
    http_method_names = ["post"]
    conflicts = (OtherRequestError,)

    def post(self, request: Request) -> HttpResponse:
        body = request._request.body  # before the parser reads it
        values = validated(NewRequestSerializer(data=request.data))
        try:
            side = dsr_receive(client_of(request), values, request.data)
        except UnicodeEncodeError:  # half a surrogate pair, where the protocol looks at nothing
            raise ParseError("The body holds characters that are none.") from None
        content = receipt(side, side.request, body)
        return answer(with_signature(content, self.signer()), status=201)


class RequestView(OpenDsrView):
    """One request, for the controller that sent it."""

    scopes = {"GET": Scope.OPENDSR, "DELETE": Scope.OPENDSR}
    http_method_names = ["get", "delete"]

    def get(self, request: Request, request_id: uuid.UUID) -> HttpResponse:
        side = _own(request, request_id)
        return answer(as_bytes(standing(side, side.request)))

    def delete(self, request: Request, request_id: uuid.UUID) -> HttpResponse:
        at, side = timezone.now(), _own(request, request_id)
        try:
            request_withdraw(request_id=side.request_id, actor=f"client:{client_of(request).pk}")
        except IllegalTransitionError:
            raise Conflict(_("Only a pending request can be cancelled."), "not_pending") from None
        return answer(with_signature(cancellation(side, at), self.signer()), status=202)


class NothingView(PublicView):
    """Addresses that the protocol does not have."""

    http_method_names = ["get", "post", "put", "patch", "delete", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404("There is nothing at this address. See /opendsr/v2/discovery.")


def _own(request: Request, request_id: uuid.UUID) -> OpenDsrRequest:
    """Return the client's own request; others' are as unknown to it as none."""
    sides = OpenDsrRequest.objects.select_related("client", "request")
    side = sides.filter(pk=request_id, client=client_of(request)).first()
    if side is None:
        raise Http404("There is no request with this id.")
    return side
