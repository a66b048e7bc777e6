"""The API of certificates."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from compliance.accounts.api import ApiView
from compliance.accounts.openapi import ALWAYS, problems, sent_back
from compliance.accounts.scopes import Scope
from compliance.erasure.models import ErasureRequest
from compliance.evidence.models import Certificate

MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"


class EnvelopeRenderer(JSONRenderer):
    """Lets a client ask for the envelope by its media type; errors are JSON all the same."""

    media_type = MEDIA_TYPE


class CertificateView(ApiView):
    scopes = {"GET": Scope.ERASURE_READ, "HEAD": Scope.ERASURE_READ}
    renderer_classes = [EnvelopeRenderer, JSONRenderer]

    @extend_schema(
        operation_id="erasure_certificate",
        summary="Download the certificate of an erasure request",
        description=(
            "The exact bytes of the signed DSSE envelope. `manage.py verify_certificate` checks "
            "them offline.\n\nNeeds the scope `erasure:read`."
        ),
        parameters=[
            OpenApiParameter(
                "If-None-Match", str, OpenApiParameter.HEADER, description="An `ETag` you have."
            ),
            sent_back("ETag", "The digest of the envelope, in quotes.", 200, 304),
        ],
        responses={
            (200, MEDIA_TYPE): OpenApiResponse(OpenApiTypes.BINARY, "The envelope, as issued."),
            304: OpenApiResponse(description="The envelope is the one of `If-None-Match`."),
            **problems(404, *ALWAYS, s404="There is no such request, or no certificate for it."),
        },
    )
    def get(self, request: Request, request_id: uuid.UUID) -> HttpResponseBase:
        certificate = Certificate.objects.filter(request_id=request_id).first()
        if certificate is None:
            raise Http404(_why_none(request_id))
        response = certificate_download(certificate)
        etag = response.headers["ETag"]
        return get_conditional_response(request._request, etag=etag, response=response) or response


def certificate_download(certificate: Certificate) -> HttpResponse:
    """Return the exact bytes that were signed, as a file."""
    headers: Mapping[str, Any] = {
        "ETag": f'"{certificate.digest}"',
        "Content-Disposition": f'attachment; filename="erasure-{certificate.request_id}.dsse.json"',
        "Cache-Control": "private, no-cache",
    }
    return HttpResponse(bytes(certificate.envelope), content_type=MEDIA_TYPE, headers=headers)


def _why_none(request_id: uuid.UUID) -> str:
    request = ErasureRequest.objects.filter(pk=request_id).first()
    if request is None:
        return "There is no erasure request with this id."
    return f"There is no certificate yet: the request is in the state {request.state}."
