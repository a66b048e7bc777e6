"""Errors of the API as RFC 9457 problem details."""

import logging
import traceback
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, JsonResponse, UnreadablePostError
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.status import (
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)


class Conflict(APIException):
    """The call does not fit the state that things are in."""

    status_code = HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "The call does not fit the present state."

    def __init__(self, detail: str | None = None, code: str | None = None, **members: Any) -> None:
        """`members` stand in the problem besides those that every problem has."""
        super().__init__(detail, code)
        self.code, self.members = code or self.default_code, members


class BodyTooLarge(APIException):
    """The body has more bytes than the server takes."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = "The body is too large."


class TooManyCalls(APIException):
    """The client calls more often than it may; `wait` is when to try again, in seconds."""

    status_code = HTTP_429_TOO_MANY_REQUESTS
    default_code = "too_many_calls"

    def __init__(self, *, limit: int, wait: int) -> None:
        super().__init__(f"At most {limit} calls a minute are taken. Call again in {wait} s.")
        self.wait = wait


class Unavailable(APIException):
    """The server cannot answer now; `wait` is when to try again, in seconds, if it will pass."""

    status_code = HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "The service is not available at the moment."

    def __init__(self, detail: str | None = None, *, wait: int | None = None) -> None:
        super().__init__(detail)
        self.wait = wait


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """Answer any error of an API view with `application/problem+json`."""
    error = _translated(error)
    response = exception_handler(error, context)
    if response is None:
        _log(error)
        response = Response({}, status=500)
    response.data = problem(
        response.status_code, _code(error), response.status_text, _detail(error, response)
    )
    if isinstance(error, ValidationError):
        response.data["errors"] = list(_errors(error.detail))
    if isinstance(error, Conflict):
        response.data |= error.members
    response.content_type = CONTENT_TYPE
    return response


def problem(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    """Return the members that every problem has."""
    return {
        "type": f"https://lethe.dev/problems/{code.replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
    }


def problem_page(status: int, code: str, title: str) -> JsonResponse:
    """Return a problem for an error outside any API view, such as an unknown address."""
    detail = "See /api/schema/ for the addresses." if status == 404 else "Something went wrong."
    return JsonResponse(
        problem(status, code, title, detail), status=status, content_type=CONTENT_TYPE
    )


def _translated(error: Exception) -> Exception:
    """Return what an error of Django's means to the client."""
    if isinstance(error, OperationalError):
        _log(error)
        return Unavailable("The database does not answer.", wait=5)
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge(f"At most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes are taken.")
    if isinstance(error, UnreadablePostError):
        return ParseError("The body broke off.")
    return error


def _log(error: Exception) -> None:
    """Log where an error arose but not its message, which may quote personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s in the API, at:\n%s", type(error).__name__, frames)


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    if isinstance(error, Conflict):
        return error.code
    return error.default_code if isinstance(error, APIException) else "error"


def _detail(error: Exception, response: Response) -> str:
    if isinstance(error, ValidationError):
        return "Some fields are not valid; see errors."
    return str(response.data.get("detail", "Something went wrong; the server's log says where."))


def _errors(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Yield one entry a message, with the place in the body as a JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        for name, part in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _errors(part, pointer if whole else f"{pointer}/{name}")
    elif isinstance(detail, list):
        for place, part in enumerate(detail):
            nested = isinstance(part, dict | list)
            yield from _errors(part, f"{pointer}/{place}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": str(detail.code), "detail": str(detail)}
