"""POST, GET and DELETE: what comes back, and what is kept."""

import base64
import json
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection

from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest, Refusal
from compliance.erasure.services import (
    request_cancel,
    request_confirm_identity,
    request_deny,
    request_expire,
    request_receive,
)
from compliance.jobs.models import OutboxMessage
from compliance.jobs.outbox import payload_of
from compliance.opendsr.models import OpenDsrRequest
from compliance.records.models import Restriction
from tests.opendsr.conftest import ALICE, BASE, DOMAIN, Local, a_request, make_controller
from tests.opendsr.controller import Answer

HOOK = "http://127.0.0.1:9/hook"


def one() -> ErasureRequest:
    return ErasureRequest.objects.get()


def send(processor: Local, **changes: Any) -> Answer:
    answer = processor.call("POST", "/requests", a_request(**changes))
    assert answer.status == 201, answer.body
    return answer


def callbacks() -> list[Any]:
    messages = OutboxMessage.objects.filter(topic="opendsr.callback").order_by("created_at")
    return [json.loads(payload_of(message).content) for message in messages]


def test_discovery_names_what_is_supported_and_asks_for_no_key(shop: Local) -> None:
    answer = Local(BASE).call("GET", "/discovery")
    assert answer.content == {
        "api_version": "2.0",
        "supported_identities": [
            {"identity_type": "controller_customer_id", "identity_format": "raw"}
        ],
        "supported_subject_request_types": ["erasure"],
        "processor_certificate": f"https://{DOMAIN}{BASE}/certificate",
    }
    assert shop.has_signed(answer.headers, answer.body)
    pem = Local(BASE).call("GET", "/certificate")
    assert pem.headers["Content-Type"] == "application/x-pem-file"
    assert shop.has_signed(pem.headers, pem.body)


def test_the_certificate_can_be_asked_for_by_its_type(shop: Local) -> None:
    answer = shop.call("GET", "/certificate", headers={"accept": "application/x-pem-file"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-pem-file"


def test_a_receipt_has_every_field(shop: Local) -> None:
    body = json.dumps(a_request()).encode()
    answer = shop.call("POST", "/requests", body)
    content, request = answer.content, one()
    assert list(content) == [
        "controller_id",
        "expected_completion_time",
        "received_time",
        "encoded_request",
        "subject_request_id",
        "api_version",
        "processor_signature",
    ]
    assert base64.b64decode(content["encoded_request"]) == body
    assert content["subject_request_id"] == str(request.pk)
    assert content["expected_completion_time"] == "2026-11-02T23:59:59Z"
    assert shop.has_signed_inside(answer.body)


def test_what_was_told_is_kept(shop: Local) -> None:
    extension = {"scope": {"items": ["i-1"]}, "ground": "17(1)(c)", "source": "app-ios"}
    other = {"elsewhere.example": {"anything": [1, {"at": "all"}]}}
    send(shop, regulation="ccpa", extensions={DOMAIN: extension, **other}, api_version=None)
    request = one()
    assert (request.channel, request.ground, request.source) == (
        Channel.OPENDSR,
        "17(1)(c)",
        "app-ios",
    )
    assert request.submitted_at == datetime(2026, 10, 2, 15, tzinfo=UTC)
    assert identity_decrypt(request.identity) == ALICE
    assert scope_decrypt(request.scope).items == {"i-1"}
    side = OpenDsrRequest.objects.get()
    assert (side.regulation, side.client.name) == ("ccpa", "shop")


def test_a_controller_vouches_only_where_it_may(shop: Local, newsletter: Local) -> None:
    vouched = send(shop).content["subject_request_id"]
    waiting = send(newsletter).content["subject_request_id"]
    assert ErasureRequest.objects.get(pk=vouched).identity_method == "asserted"
    assert ErasureRequest.objects.get(pk=waiting).state == "awaiting_identity"
    for processor, request_id in ((shop, vouched), (newsletter, waiting)):
        status = processor.call("GET", f"/requests/{request_id}").content["request_status"]
        assert status == "pending"


def test_the_status_has_every_field(shop: Local) -> None:
    request_id = send(shop).content["subject_request_id"]
    answer = shop.call("GET", f"/requests/{request_id}")
    content = answer.content
    assert shop.has_signed(answer.headers, answer.body)
    assert content.pop("controller_id") == OpenDsrRequest.objects.get().client.key_id
    assert content == {
        "expected_completion_time": "2026-11-02T23:59:59Z",
        "subject_request_id": request_id,
        "request_status": "pending",
        "api_version": "2.0",
        "results_url": None,
        "results_count": None,
        "extensions": None,
    }


def test_the_same_call_again_has_the_same_bytes(shop: Local) -> None:
    body = a_request(status_callback_urls=[HOOK])
    first = shop.call("POST", "/requests", body)
    again = shop.call("POST", "/requests", body)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["X-OpenDSR-Signature"] == first.headers["X-OpenDSR-Signature"]
    turned = dict(reversed(body.items()))
    assert shop.call("POST", "/requests", json.dumps(turned, indent=1)).status == 201
    assert ErasureRequest.objects.count() == 1


def test_it_has_the_same_bytes_when_the_person_is_forgotten(shop: Local) -> None:
    body = a_request(status_callback_urls=[HOOK])
    first = shop.call("POST", "/requests", body)
    request_cancel(request_id=one().pk, actor="user:1")
    side = OpenDsrRequest.objects.get()
    assert (one().identity, side.callback_urls) == (None, None)
    assert shop.call("POST", "/requests", body).body == first.body
    other = body | {"status_callback_urls": []}
    assert shop.call("POST", "/requests", other).status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"regulation": "ccpa"},
        {"submitted_time": "2026-10-02T15:00:01Z"},
        {"api_version": "2"},
        {"status_callback_urls": [HOOK]},
        {"extensions": {"elsewhere.example": {}}},
        {
            "subject_identities": [
                {
                    "identity_type": "controller_customer_id",
                    "identity_value": "bob",
                    "identity_format": "raw",
                }
            ]
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_body_under_the_same_id_is_a_409(shop: Local, change: dict[str, Any]) -> None:
    body = a_request()
    shop.call("POST", "/requests", body)
    answer = shop.call("POST", "/requests", body | change)
    assert (answer.status, answer.error["code"]) == (409, 409)
    assert shop.has_signed(answer.headers, answer.body)
    assert ErasureRequest.objects.count() == 1


def test_an_id_of_another_controller_or_channel_is_a_409(shop: Local, newsletter: Local) -> None:
    body = a_request()
    shop.call("POST", "/requests", body)
    assert newsletter.call("POST", "/requests", body).status == 409
    taken = uuid.uuid4()
    request_receive(
        subject=ALICE, channel=Channel.API, ground="17(1)(b)", actor="client:1", request_id=taken
    )
    assert shop.call("POST", "/requests", a_request(subject_request_id=str(taken))).status == 409


def test_requests_of_others_are_as_unknown_as_none(shop: Local, newsletter: Local) -> None:
    request_id = send(shop).content["subject_request_id"]
    for method in ("GET", "DELETE"):
        theirs = newsletter.call(method, f"/requests/{request_id}")
        nobodys = newsletter.call(method, f"/requests/{uuid.uuid4()}")
        assert theirs.status == nobodys.status == 404
        assert theirs.body == nobodys.body
    assert one().state == "in_review"


def test_a_pending_request_is_cancelled_once(shop: Local) -> None:
    request_id = send(shop, status_callback_urls=[HOOK]).content["subject_request_id"]
    assert Restriction.objects.exists()
    answer = shop.call("DELETE", f"/requests/{request_id}")
    assert answer.status == 202
    assert set(answer.content) == {
        "controller_id",
        "subject_request_id",
        "received_time",
        "api_version",
        "processor_signature",
    }
    assert shop.has_signed(answer.headers, answer.body)
    assert shop.has_signed_inside(answer.body)
    assert one().state == "cancelled"
    assert one().events.last().actor.startswith("client:")
    assert not Restriction.objects.exists()  # the controller, who asks for it, tells the person
    (told,) = callbacks()
    assert told["extensions"][DOMAIN]["state"] == "revoked"

    again = shop.call("DELETE", f"/requests/{request_id}")
    assert (again.status, again.error["errors"][0]["reason"]) == (409, "not-pending")


def test_identity_that_is_never_shown_ends_as_expired(newsletter: Local) -> None:
    send(newsletter, status_callback_urls=[HOOK])
    request_expire(request_id=one().pk)
    (told,) = callbacks()
    assert told["request_status"] == "cancelled"
    assert told["extensions"][DOMAIN] == {
        "state": "expired",
        "outcome": None,
        "reason": None,
        "article": None,
    }


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        (Refusal.NO_MATCH, "no_match"),
        (Refusal.NOT_IDENTIFIABLE, "insuf_verification"),
        (Refusal.EXCESSIVE, "too_many_requests"),
        (Refusal.LEGAL_CLAIMS, "claim_not_covered"),
    ],
)
def test_a_refusal_has_the_word_of_the_data_rights_protocol(
    shop: Local, article: Refusal, reason: str
) -> None:
    request_id = send(shop).content["subject_request_id"]
    request_deny(request_id=one().pk, actor="user:1", article=article, text="Dear Alice")
    answer = shop.call("GET", f"/requests/{request_id}")
    assert answer.content["extensions"][DOMAIN]["reason"] == reason
    assert b"Dear" not in answer.body


def test_a_step_that_changes_no_word_calls_nobody(newsletter: Local) -> None:
    send(newsletter, status_callback_urls=[HOOK])
    request_confirm_identity(request_id=one().pk, actor="user:1")
    assert callbacks() == []


def test_each_address_is_called_once_with_its_own_name_in_it(shop: Local) -> None:
    other = "http://127.0.0.1:9/other?token=t"
    send(shop, status_callback_urls=[HOOK, other, HOOK])
    assert b"token" not in bytes(OpenDsrRequest.objects.get().callback_urls)
    request_cancel(request_id=one().pk, actor="user:1")
    assert [told["status_callback_url"] for told in callbacks()] == [HOOK, other]


def test_without_a_key_no_step_is_held_up(
    shop: Local, settings: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    send(shop, status_callback_urls=[HOOK])
    settings.KEYS_DIR = tmp_path
    request_cancel(request_id=one().pk, actor="user:1")
    assert callbacks() == []
    assert "No callback for request" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE opendsr_opendsrrequest SET regulation = 'ccpa'",
        "UPDATE opendsr_opendsrrequest SET body_digest = 'x'",
        "UPDATE opendsr_opendsrrequest SET callback_urls = 'x'",
        "DELETE FROM opendsr_opendsrrequest",
        "TRUNCATE opendsr_opendsrrequest",
    ],
)
def test_what_came_in_cannot_be_changed(shop: Local, change: str) -> None:
    send(shop)
    with pytest.raises(DatabaseError, match=r"refused|denied"), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.usefixtures("committed_db", "domain")
def test_two_calls_at_once_with_one_id_make_one_request() -> None:
    processor, body = Local(BASE, make_controller(name="shop")), a_request()
    start, answers = threading.Barrier(4), []

    def call() -> None:
        try:
            start.wait()
            answers.append(processor.call("POST", "/requests", body))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.body for answer in answers}) == 1
    assert ErasureRequest.objects.count() == OpenDsrRequest.objects.count() == 1
