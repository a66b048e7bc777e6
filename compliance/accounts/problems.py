"""Errors of the API as RFC 9457 problem details."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.status import HTTP_400_BAD_REQUEST, HTTP_409_CONFLICT
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"


class Conflict(APIException):
    """The call does not fit the state that things are in."""

    status_code = HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "The call does not fit the present state."


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an API error with `application/problem+json`; None lets other errors pass."""
    response = exception_handler(error, context)
    if response is None:
        return None
    problem: dict[str, Any] = {
        "type": f"https://lethe.dev/problems/{_code(error).replace('_', '-')}",
        "title": response.status_text,
        "status": response.status_code,
        "detail": _detail(error, response),
    }
    if isinstance(error, ValidationError):
        problem["errors"] = list(_fields(error.detail))
    response.data = problem
    response.content_type = CONTENT_TYPE
    return response


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    return error.default_code if isinstance(error, APIException) else "error"


def _detail(error: Exception, response: Response) -> str:
    if response.status_code == HTTP_400_BAD_REQUEST and isinstance(error, ValidationError):
        return "Some fields are not valid; see errors."
    return str(response.data.get("detail", response.status_text))


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield one entry a message, with the field as a JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        for name, part in detail.items():
            yield from _fields(part, f"{path}/{name}")
    elif isinstance(detail, list):
        for place, part in enumerate(detail):
            nested = isinstance(part, dict | list)
            yield from _fields(part, f"{path}/{place}" if nested else path)
    else:
        yield {"field": path or "/", "message": str(detail)}
