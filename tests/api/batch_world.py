"""Clients that make batches over the API, and a worker in this process."""

from typing import Any

from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import Queue
from tests.api.conftest import Caller
from workers.runner import run_due

BATCHES = "/api/v1/erasure-request-batches"


def work() -> None:
    run_due([Queue.DEFAULT])


def names(requests: list[ErasureRequest]) -> list[str]:
    return [str(request.pk) for request in requests]


def make(caller: Caller, action: str, requests: list[ErasureRequest], **arguments: Any) -> Any:
    """Choose the requests, and return the batch as the API tells it."""
    body = {"action": action, "ids": names(requests), "arguments": arguments}
    response = caller.post(BATCHES, body)
    assert response.status_code == 201, response.json()
    return response.json()


def ready(caller: Caller, action: str, requests: list[ErasureRequest], **arguments: Any) -> Any:
    """Choose the requests, and let a worker look at each."""
    batch = make(caller, action, requests, **arguments)
    work()
    return shown(caller, batch)


def start(caller: Caller, batch: Any) -> Any:
    return caller.post(f"{BATCHES}/{batch['id']}/start", {})


def shown(caller: Caller, batch: Any) -> Any:
    return caller.get(f"{BATCHES}/{batch['id']}").json()


def items(caller: Caller, batch: Any, query: str = "") -> list[Any]:
    found: list[Any] = caller.get(f"{BATCHES}/{batch['id']}/items{query}").json()["results"]
    return found


def results(caller: Caller, batch: Any) -> list[str]:
    return [item["result"] for item in items(caller, batch)]
