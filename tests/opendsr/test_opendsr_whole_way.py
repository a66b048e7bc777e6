"""A controller that knows the protocol only: from discovery to the last callback, over HTTP."""

import json
import urllib.request
from typing import Any

import pytest

from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create
from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import Job, JobState, OutboxMessage, Queue
from compliance.opendsr.models import OpenDsrRequest
from compliance.records.models import Interaction
from tests.opendsr.conftest import ALICE, DOMAIN, a_request, make_controller
from tests.opendsr.controller import Callbacks, Processor, taking_callbacks
from tests.recommendations.world import make_items, make_subject
from workers.runner import run_due


@pytest.fixture
def processor(server: str) -> Processor:
    return Processor(f"{server}/opendsr/v2", make_controller(Scope.ERASURE_ASSERT, name="shop"))


@pytest.fixture
def reviewer(server: str) -> Any:
    """A reviewer's system, by our own API."""
    key = client_create(name="review", scopes=[Scope.ERASURE_DECIDE, Scope.ERASURE_READ])[1]

    def call(request_id: str, step: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{server}/api/v1/erasure-requests/{request_id}/{step}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    return call


def deliver() -> None:
    Job.objects.filter(state=JobState.QUEUED).update(run_after="2024-01-01T00:00Z")
    run_due([Queue.NOTIFY])


def send(processor: Processor, callbacks: Callbacks) -> str:
    body = a_request(status_callback_urls=[callbacks.url])
    answer = processor.call("POST", "/requests", body)
    assert answer.status == 201
    return body["subject_request_id"]


def test_a_request_is_driven_to_its_end(processor: Processor, reviewer: Any) -> None:
    make_items(3)
    make_subject(ALICE, {"i-000": 5, "i-001": 1})
    found = processor.discover()
    assert found["supported_subject_request_types"] == ["erasure"]

    with taking_callbacks(processor) as callbacks:
        body = a_request(status_callback_urls=[callbacks.url])
        receipt = processor.call("POST", "/requests", body)
        assert receipt.status == 201
        assert processor.has_signed(receipt.headers, receipt.body)
        assert processor.has_signed_inside(receipt.body)
        request_id = receipt.content["subject_request_id"]
        assert request_id == body["subject_request_id"]
        standing = processor.call("GET", f"/requests/{request_id}")
        assert standing.content["request_status"] == "pending"
        deliver()
        assert callbacks.statuses == []

        digest = reviewer(request_id, "impact")["digest"]
        reviewer(request_id, "approve", {"digest": digest})
        deliver()
        assert callbacks.statuses == ["in_progress"]
        assert not Interaction.objects.filter(subject__external_id=ALICE).exists()

        run_due([Queue.DEFAULT])
        deliver()
        assert callbacks.statuses == ["in_progress", "completed"]
        assert callbacks.refused == []

        standing = processor.call("GET", f"/requests/{request_id}")
        assert processor.has_signed(standing.headers, standing.body)
        last = callbacks.taken[-1]
        assert last.pop("status_callback_url") == callbacks.url
        assert last == standing.content
        assert last["extensions"][DOMAIN]["state"] == "fulfilled"
        assert processor.call("POST", "/requests", body).body == receipt.body

    side = OpenDsrRequest.objects.get()
    assert side.callback_urls is None
    assert ErasureRequest.objects.get().identity is None
    assert not OutboxMessage.objects.exclude(payload=None).exists()


def test_a_refusal_is_a_cancellation_that_says_so(processor: Processor, reviewer: Any) -> None:
    processor.discover()
    with taking_callbacks(processor) as callbacks:
        request_id = send(processor, callbacks)
        refusal = {"article": "12(5)", "text": "The third time this week, Alice."}
        reviewer(request_id, "deny", refusal)
        deliver()
    (told,) = callbacks.taken
    assert told["request_status"] == "cancelled"
    ended = {"state": "denied", "outcome": None, "reason": "too_many_requests", "article": "12(5)"}
    assert told["extensions"] == {DOMAIN: ended}
    assert "Alice" not in json.dumps(told)


def test_a_callback_that_fails_comes_again_with_the_same_signature(
    processor: Processor, reviewer: Any
) -> None:
    processor.discover()
    with taking_callbacks(processor) as callbacks:
        request_id = send(processor, callbacks)
        callbacks.status = 503
        reviewer(request_id, "cancel", {})
        deliver()
        assert callbacks.taken == []
        callbacks.status = 200
        deliver()
        deliver()
    assert callbacks.statuses == ["cancelled"]
    assert callbacks.refused == []


def test_a_body_that_was_changed_on_the_way_is_noticed(processor: Processor) -> None:
    processor.discover()
    answer = processor.call("POST", "/requests", a_request())
    assert processor.has_signed(answer.headers, answer.body)
    changed = answer.body.replace(b"2026", b"2027", 1)
    assert not processor.has_signed(answer.headers, changed)
    assert not processor.has_signed_inside(changed)
    headers = answer.headers | {"X-OpenDSR-Processor-Domain": "elsewhere.example"}
    assert not processor.has_signed(headers, answer.body)
