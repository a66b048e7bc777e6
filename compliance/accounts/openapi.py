"""How the OpenAPI description shows what goes wrong."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from compliance.accounts.problems import CONTENT_TYPE, problem

MEANINGS = {
    400: ("parse_error", "The body or a parameter is not valid; `errors` says where."),
    401: ("not_authenticated", "There is no valid API key. See `WWW-Authenticate`."),
    403: ("permission_denied", "The API key lacks the scope."),
    404: ("not_found", "There is no such thing."),
    405: ("method_not_allowed", "The method is not one of this address."),
    406: ("not_acceptable", "None of the accepted media types is to be had."),
    409: ("conflict", "The call does not fit the present state."),
    413: ("body_too_large", "The body is too large."),
    415: ("unsupported_media_type", "The body is not `application/json`."),
    429: ("too_many_calls", "The client calls too often. `Retry-After` says how long to wait."),
    500: ("error", "The server failed."),
    503: ("unavailable", "Not now. `Retry-After` says when, if waiting will help."),
}
ALWAYS = (401, 403, 405, 406, 429, 500, 503)
WITH_BODY = (400, *ALWAYS, 413, 415)


def sent_back(
    name: str, description: str, *statuses: int, kind: type = str, required: bool = True
) -> OpenApiParameter:
    """Return a header of the answers of `statuses`, for `parameters` of `extend_schema`."""
    return OpenApiParameter(
        name,
        kind,
        OpenApiParameter.HEADER,
        required=required,
        description=description,
        response=list(statuses),
    )


HEADERS = [
    sent_back("WWW-Authenticate", "How to authenticate.", 401),
    sent_back("Retry-After", "Seconds to wait.", 429, kind=int),
    sent_back("Retry-After", "Seconds to wait, if that helps.", 503, kind=int, required=False),
]


class Description(AutoSchema):
    """Tells of the headers that all calls have in common."""

    def get_override_parameters(self) -> list[Any]:
        return list(HEADERS)


Responses = dict[tuple[int, str], OpenApiResponse]


class FieldErrorSerializer(serializers.Serializer[object]):
    pointer = serializers.CharField(help_text="Place in the body, as a JSON pointer (RFC 6901).")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[object]):
    """An error (RFC 9457). It never quotes what was sent."""

    type = serializers.URLField(help_text="Names the kind of error; compare it as a string.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]


def problems(*statuses: int, **reasons: str) -> Responses:
    """Return the problem responses for `statuses`; `s404="…"` replaces a status' meaning."""
    return {
        (status, CONTENT_TYPE): _problem(status, reasons.get(f"s{status}"))
        for status in sorted(statuses)
    }


def _problem(status: int, reason: str | None) -> OpenApiResponse:
    code, meaning = MEANINGS[status]
    example = OpenApiExample(
        f"{status}",
        value=problem(status, code, HTTPStatus(status).phrase, meaning),
        media_type=CONTENT_TYPE,
        status_codes=[str(status)],
        response_only=True,
    )
    return OpenApiResponse(ProblemSerializer, description=reason or meaning, examples=[example])
