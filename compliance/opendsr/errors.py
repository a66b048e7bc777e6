"""Errors as the protocol has them: the same faults as everywhere, in another shape."""

from typing import Any

from django.http import HttpResponse

from compliance.accounts.problems import problem_response
from compliance.opendsr.answers import as_bytes

CONTENT_TYPE = "application/json"
KEPT_HEADERS = ("WWW-Authenticate", "Retry-After", "Allow")
DOMAINS = {400: "Validation", 401: "Authentication", 403: "Authentication", 429: "Limits"}


def error_response(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer any error with the protocol's error object. It quotes nothing of the person."""
    found = problem_response(error, context)
    problem = found.data
    response = HttpResponse(
        as_bytes(error_object(found.status_code, problem)),
        status=found.status_code,
        content_type=CONTENT_TYPE,
    )
    for name in KEPT_HEADERS:
        if found.has_header(name):
            response.headers[name] = found.headers[name]
    response.headers["Cache-Control"] = "no-store"
    return response


def error_object(status: int, problem: dict[str, Any]) -> dict[str, Any]:
    """Return the error object of a problem."""
    kind = problem["type"].rpartition("/")[2]
    domain = DOMAINS.get(status, "Request" if status < 500 else "Server")
    parts = problem.get("errors") or [{"pointer": "", "code": kind, "detail": problem["detail"]}]
    return {
        "error": {
            "code": status,
            "message": problem["detail"],
            "errors": [
                {"domain": domain, "reason": part["code"], "message": _message(part)}
                for part in parts
            ],
        }
    }


def _message(part: dict[str, str]) -> str:
    place = part["pointer"].strip("/").replace("/", ".")
    return f"{place}: {part['detail']}" if place else part["detail"]
