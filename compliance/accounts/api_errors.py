"""The errors that views of the API raise besides those of the REST framework.

They import no views: the framework's settings name a module that raises them.
"""

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.status import (
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)


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
