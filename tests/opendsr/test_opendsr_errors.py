"""Errors: the protocol's object, signed, and without a word of the person."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from compliance.accounts.services import client_create
from compliance.erasure.models import ErasureRequest
from compliance.opendsr import views
from tests.opendsr.conftest import ALICE, BASE, DOMAIN, Local, a_request

ID = "a7551968-d5d6-44b2-9831-815ac9017798"


def identity(**changes: Any) -> list[dict[str, Any]]:
    (whole,) = a_request()["subject_identities"]
    return [{name: value for name, value in (whole | changes).items() if value is not ...}]


def is_error(answer: Any, status: int) -> bool:
    """Whether this is the whole error object of this status."""
    error = answer.error
    return (
        answer.status == error["code"] == status
        and answer.headers["Content-Type"] == "application/json"
        and set(answer.content) == {"error"}
        and set(error) == {"code", "message", "errors"}
        and all(set(one) == {"domain", "reason", "message"} for one in error["errors"])
        and bool(error["errors"])
    )


CALLS = [("POST", "/requests"), ("GET", f"/requests/{ID}"), ("DELETE", f"/requests/{ID}")]
PRIVATE = "http://10.1.2.3/hook"


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_key_it_is_a_401(shop: Local, method: str, path: str) -> None:
    for key in ("", "lethe_0123456789abcdef_" + "a" * 43):
        answer = Local(BASE, key).call(method, path, {})
        assert is_error(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.error["errors"][0]["domain"] == "Authentication"
        assert shop.has_signed(answer.headers, answer.body)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_the_scope_it_is_a_403(shop: Local, method: str, path: str) -> None:
    key = client_create(name="reader", scopes=["erasure:read", "erasure:create"])[1]
    answer = Local(BASE, key).call(method, path, a_request())
    assert is_error(answer, 403)
    assert "opendsr" in answer.error["message"]
    assert shop.has_signed(answer.headers, answer.body)
    assert not ErasureRequest.objects.exists()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"regulation": ...}, "regulation"),
        ({"regulation": "lgpd"}, "regulation"),
        ({"subject_request_id": ...}, "subject_request_id"),
        ({"subject_request_id": "4711"}, "subject_request_id"),
        ({"subject_request_id": ID.upper()}, "subject_request_id"),
        ({"subject_request_id": str(uuid.uuid1())}, "subject_request_id"),
        ({"subject_request_type": ...}, "subject_request_type"),
        ({"subject_request_type": "access"}, "subject_request_type"),
        ({"subject_request_type": "portability"}, "subject_request_type"),
        ({"subject_identities": ...}, "subject_identities"),
        ({"subject_identities": []}, "subject_identities"),
        ({"subject_identities": identity() * 2}, "subject_identities"),
        (
            {"subject_identities": identity(identity_type="email")},
            "subject_identities.0.identity_type",
        ),
        (
            {"subject_identities": identity(identity_format="sha256")},
            "subject_identities.0.identity_format",
        ),
        (
            {"subject_identities": identity(identity_value=4711)},
            "subject_identities.0.identity_value",
        ),
        (
            {"subject_identities": identity(identity_value="a\0")},
            "subject_identities.0.identity_value",
        ),
        (
            {"subject_identities": identity(identity_value=...)},
            "subject_identities.0.identity_value",
        ),
        ({"submitted_time": ...}, "submitted_time"),
        ({"submitted_time": None}, "submitted_time"),
        ({"submitted_time": "yesterday"}, "submitted_time"),
        ({"submitted_time": "2026-10-02T15:00:00"}, "submitted_time"),
        ({"submitted_time": "0001-01-01T00:00:00Z"}, "submitted_time"),
        ({"submitted_time": (timezone.now() + timedelta(days=2)).isoformat()}, "submitted_time"),
        ({"api_version": "1.0"}, "api_version"),
        ({"api_version": 2.0}, "api_version"),
        ({"status_callback_urls": "https://shop.example"}, "status_callback_urls"),
        ({"status_callback_urls": [PRIVATE]}, "status_callback_urls.0"),
        ({"status_callback_urls": ["https://u:p@shop.example"]}, "status_callback_urls.0"),
        ({"status_callback_urls": ["ftp://127.0.0.1/"]}, "status_callback_urls.0"),
        ({"status_callback_urls": [7]}, "status_callback_urls.0"),
        ({"status_callback_urls": ["http://127.0.0.1/"] * 11}, "status_callback_urls"),
        ({"extensions": []}, "extensions"),
        ({"extensions": {"a.example": 1}}, "extensions"),
        ({"extensions": {DOMAIN: {"speed": "high"}}}, f"extensions.{DOMAIN}"),
        ({"extensions": {DOMAIN: {"scope": {}}}}, f"extensions.{DOMAIN}.scope"),
        ({"extensions": {DOMAIN: {"ground": "17(3)"}}}, f"extensions.{DOMAIN}.ground"),
        ({"subject_identitys": []}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_taken_is_a_400_that_names_the_place(
    shop: Local, changes: dict[str, Any], where: str
) -> None:
    answer = shop.call("POST", "/requests", a_request(**changes))
    assert is_error(answer, 400)
    assert any(one["message"].startswith(where) for one in answer.error["errors"]), answer.body
    assert {one["domain"] for one in answer.error["errors"]} == {"Validation"}
    assert ALICE.encode() not in answer.body
    assert shop.has_signed(answer.headers, answer.body)
    assert not ErasureRequest.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"alice",
        b'{"regulation": "gdpr", "regulation": "gdpr"}',
        b"\xff",
        json.dumps(a_request(extensions={"a.example": {"x": "\ud800"}})).encode(),
    ],
)
def test_a_body_that_is_no_object_is_a_400(shop: Local, body: bytes) -> None:
    answer = shop.call("POST", "/requests", body)
    assert is_error(answer, 400)
    assert b"alice" not in answer.body
    assert shop.has_signed(answer.headers, answer.body)


def test_a_private_address_is_refused_when_it_comes_in(shop: Local, settings: Any) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    for url in ("http://127.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/"):
        answer = shop.call("POST", "/requests", a_request(status_callback_urls=[url]))
        assert is_error(answer, 400)
        assert url.encode() not in answer.body


def test_what_is_null_counts_as_left_out(shop: Local) -> None:
    nothing = {"api_version": None, "status_callback_urls": None, "extensions": None}
    assert shop.call("POST", "/requests", a_request(**nothing)).status == 201


@pytest.mark.parametrize(
    "path", ["/opendsr/v1/discovery", "/opendsr/v2/requests/4711", "/opendsr/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_addresses_are_a_404(shop: Local, method: str, path: str) -> None:
    answer = shop.call(method, path, {})
    assert is_error(answer, 404)
    assert shop.has_signed(answer.headers, answer.body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/requests"),
        ("PUT", "/requests"),
        ("POST", f"/requests/{ID}"),
        ("POST", "/discovery"),
    ],
)
def test_other_methods_are_a_405(shop: Local, method: str, path: str) -> None:
    answer = shop.call(method, path, {})
    assert is_error(answer, 405)
    assert answer.headers["Allow"]
    assert shop.has_signed(answer.headers, answer.body)


def test_other_types_of_body_are_a_415(shop: Local) -> None:
    answer = shop.call("POST", "/requests", "a=b", content_type="text/plain")
    assert is_error(answer, 415)
    assert shop.has_signed(answer.headers, answer.body)


def test_too_large_a_body_is_a_413(shop: Local, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = shop.call("POST", "/requests", a_request())
    assert is_error(answer, 413)
    assert shop.has_signed(answer.headers, answer.body)


def test_too_many_calls_are_a_429(shop: Local, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 1
    shop.call("GET", f"/requests/{ID}")
    answer = shop.call("GET", f"/requests/{ID}")
    assert is_error(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_fault_of_ours_is_a_500_that_quotes_nothing(
    shop: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(ALICE)

    monkeypatch.setattr(views, "dsr_receive", fail)
    answer = shop.call("POST", "/requests", a_request())
    assert is_error(answer, 500)
    assert ALICE.encode() not in answer.body
    assert shop.has_signed(answer.headers, answer.body)


@pytest.mark.parametrize(
    ("method", "path"), [*CALLS, ("GET", "/discovery"), ("GET", "/certificate")]
)
def test_without_a_certificate_nothing_is_done(
    shop: Local, settings: Any, tmp_path: Any, method: str, path: str
) -> None:
    settings.KEYS_DIR = tmp_path
    answer = shop.call(method, path, a_request())
    assert is_error(answer, 503)
    assert "manage.py opendsr_certificate" in answer.error["message"]
    assert "X-OpenDSR-Signature" not in answer.headers
    assert not ErasureRequest.objects.exists()
