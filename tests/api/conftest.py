"""Callers of the API: `reader` and `filer` have their scopes, `outsider` has none of them."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.provenance.models import Plan
from compliance.recommendations import engine
from tests.recommendations.world import make_client, make_release


@dataclass(frozen=True)
class Caller:
    """Calls the API as one client; a str or bytes body goes out as it is."""

    client: ApiClient | None
    headers: dict[str, str]

    def get(self, path: str, **headers: str) -> Any:
        return Client().get(path, headers=self.headers | headers)

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Any:
        return self._send("post", path, body, content_type)

    def put(self, path: str, body: Any, content_type: str = "application/json") -> Any:
        return self._send("put", path, body, content_type)

    def _send(self, method: str, path: str, body: Any, content_type: str) -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        client = Client(raise_request_exception=False)
        return getattr(client, method)(path, data, content_type, headers=self.headers)


@pytest.fixture
def stranger() -> Caller:
    """Somebody without a key."""
    return Caller(None, {})


@pytest.fixture
def outsider(db: None) -> Caller:
    """A client with a key and no scope."""
    return Caller(*make_client(name="outsider"))


@pytest.fixture
def shop(db: None) -> Caller:
    """A client with all scopes but the one to vouch for identities."""
    return Caller(*make_client(*set(Scope) - {Scope.ERASURE_ASSERT}, name="shop"))


@pytest.fixture
def portal(db: None) -> Caller:
    """A client that may vouch for identities."""
    return Caller(*make_client(*Scope, name="portal"))


@pytest.fixture
def plan(db: None) -> Plan:
    """The plan of a small live release."""
    engine._current = None
    return make_release()


def is_problem(response: Any, status: int) -> bool:
    """Whether the response is a whole problem of this status."""
    problem = response.json()
    return (
        response.status_code == problem["status"] == status
        and response.headers["Content-Type"] == "application/problem+json"
        and {"type", "title", "status", "detail"} <= set(problem)
    )


def pointers(response: Any) -> list[str]:
    """Where the errors of a 400 are."""
    return [error["pointer"] for error in response.json()["errors"]]
