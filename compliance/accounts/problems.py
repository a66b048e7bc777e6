"""Errors of the API as RFC 9457 problem details."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, JsonResponse, UnreadablePostError
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from compliance.accounts.api_errors import BodyTooLarge, Conflict, Unavailable
from compliance.faults import frames_of

CONTENT_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)


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
    frames = frames_of(error)
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
