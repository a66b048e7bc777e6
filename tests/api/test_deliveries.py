"""GET /api/v1/deliveries and POST /api/v1/deliveries/{id}/resend."""

import pytest
from django.db import transaction

from compliance.jobs.endpoints import endpoint_create
from compliance.jobs.models import MessageState, Outcome
from compliance.jobs.outbox import mail_enqueue, message_mark_failed, webhook_enqueue
from tests.api.conftest import Caller, is_problem, pointers
from tests.jobs.conftest import REQUEST

URL = "/api/v1/deliveries"
NOBODYS = "5f3a1f0e-6f39-4d0b-9d0b-2f1f0c3f4a11"


@pytest.fixture
def dead(db):
    message = mail_enqueue(
        about=REQUEST, topic="erasure.receipt", to="alice@example.org", subject="Hi", text="A word."
    )
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, status=550, final=True)
    return message


def resend(message) -> str:
    return f"{URL}/{message.pk}/resend"


def ids(response) -> list[str]:
    return [entry["id"] for entry in response.json()["results"]]


def test_it_needs_a_key(stranger: Caller, dead) -> None:
    assert is_problem(stranger.get(URL), 401)
    assert is_problem(stranger.post(resend(dead), {}), 401)


def test_it_needs_the_scope(outsider: Caller, dead) -> None:
    assert "erasure:read" in outsider.get(URL).json()["detail"]
    response = outsider.post(resend(dead), {})
    assert is_problem(response, 403)
    assert "deliveries:write" in response.json()["detail"]


def test_it_tells_how_a_message_went_and_not_what_it_said(shop: Caller, dead) -> None:
    response = shop.get(URL)
    [message] = response.json()["results"]
    assert message["id"] == str(dead.pk)
    assert message["about"] == str(REQUEST)
    assert (message["kind"], message["state"], message["endpoint"]) == ("mail", "dead", None)
    [attempt] = message["attempts"]
    assert (attempt["outcome"], attempt["status"]) == ("rejected", 550)
    assert b"alice" not in response.content
    assert b"A word." not in response.content


def test_it_filters(shop: Caller, dead) -> None:
    endpoint, _ = endpoint_create(name="Shop", url="https://8.8.8.8/")
    queued = webhook_enqueue(about=NOBODYS, topic="t", body=b"{}", endpoint=endpoint)
    assert ids(shop.get(URL)) == [str(queued.pk), str(dead.pk)]
    assert ids(shop.get(f"{URL}?state=dead")) == [str(dead.pk)]
    assert ids(shop.get(f"{URL}?about={NOBODYS}")) == [str(queued.pk)]
    assert shop.get(f"{URL}?state=queued").json()["results"][0]["endpoint"] == "Shop"


@pytest.mark.parametrize(
    "query", ["state=lost", "about=alice", "about=%00", "cursor=x", "subject=alice"]
)
def test_a_bad_filter_is_named(shop: Caller, db: None, query: str) -> None:
    response = shop.get(f"{URL}?{query}")
    assert is_problem(response, 400)
    name = query.partition("=")[0]
    assert pointers(response) == ["" if name == "subject" else f"/{name}"]


def test_it_sends_a_dead_letter_again(shop: Caller, dead) -> None:
    response = shop.post(resend(dead), {})
    assert response.status_code == 200
    assert response.json()["state"] == MessageState.QUEUED
    assert is_problem(shop.post(resend(dead), {}), 409)


def test_there_is_no_message_of_another_number(shop: Caller, db: None) -> None:
    assert is_problem(shop.post(f"{URL}/{NOBODYS}/resend", {}), 404)


def test_it_has_no_other_methods(shop: Caller, dead) -> None:
    assert is_problem(shop.get(resend(dead)), 405)
    assert is_problem(shop.post(URL, {}), 405)
