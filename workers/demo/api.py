"""The REST API, called as a customer's own system would call it."""

import json
import urllib.error
import urllib.request
from typing import Any


class ApiError(RuntimeError):
    """The API answered with an error, or not at all."""


class Api:
    """Calls below `url` with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key = url.rstrip("/"), key

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self._call("POST", path, json.dumps(body).encode()))

    def get(self, path: str) -> Any:
        return json.loads(self.get_bytes(path))

    def get_bytes(self, path: str) -> bytes:
        """Return the body as it came: a certificate is verified as exact bytes."""
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: bytes | None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}{path}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise ApiError(f"{method} {path} answered {error.code}: {text}") from None
        except OSError as error:
            raise ApiError(f"{method} {path}: no answer ({error}).") from None
