"""POST /api/v1/erasure-requests."""

import threading
import uuid
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest
from compliance.erasure.services import request_cancel
from compliance.provenance.models import Plan
from tests.api.conftest import Caller, is_problem, pointers

URL = "/api/v1/erasure-requests"
ID = "0b5e4f0e-7a0c-4f0e-9a51-5a3a1f8f3c11"


def test_it_needs_a_key(stranger: Caller, db: None) -> None:
    assert is_problem(stranger.post(URL, {"subject": "alice"}), 401)


def test_it_needs_the_scope(outsider: Caller) -> None:
    response = outsider.post(URL, {"subject": "alice"})
    assert is_problem(response, 403)
    assert "erasure:create" in response.json()["detail"]


def test_it_files_a_request(shop: Caller) -> None:
    response = shop.post(URL, {"subject": "alice", "ground": "17(1)(c)"})

    request = ErasureRequest.objects.get()
    answer = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == answer["links"]["self"]
    assert answer["links"]["self"].endswith(f"{URL}/{request.pk}")
    assert answer["links"]["certificate"] is None
    assert (answer["id"], answer["state"]) == (str(request.pk), "awaiting_identity")
    assert date.fromisoformat(answer["due_on"]) == request.due_on
    assert answer["days_left"] == request.days_left()
    assert (request.ground, request.channel) == ("17(1)(c)", Channel.API)
    assert identity_decrypt(request.identity) == "alice"
    assert request.events.first().actor == f"client:{shop.client.pk}"


NOON = "2026-02-03T12:00:00+01:00"
SCOPES = {
    "items": {"items": ["film-17", "film-18"]},
    "period": {"period": {"first": NOON, "last": NOON}},
    "records": {"records": [{"item": "film-17", "at": NOON}]},
}


@pytest.mark.parametrize("kind", SCOPES)
def test_a_scope_is_kept_encrypted_until_the_request_is_answered(shop: Caller, kind: str) -> None:
    response = shop.post(URL, {"subject": "alice", "scope": SCOPES[kind]})
    request = ErasureRequest.objects.get()
    assert (response.status_code, request.scope_kind) == (201, kind)
    scope = scope_decrypt(request.scope)
    assert scope.covers("film-17", datetime.fromisoformat(NOON))
    assert not scope.covers("film-19", datetime.fromisoformat(NOON) + timedelta(seconds=1))
    assert b"film" not in bytes(request.scope)
    request_cancel(request_id=request.pk, actor="user:1")
    request.refresh_from_db()
    assert (request.scope, request.scope_kind) == (None, kind)


def test_without_a_scope_all_records_go(shop: Caller) -> None:
    shop.post(URL, {"subject": "alice"})
    request = ErasureRequest.objects.get()
    assert (request.scope_kind, request.scope) == ("everything", None)


@pytest.mark.parametrize(
    ("scope", "pointer"),
    [
        ({}, "/scope"),
        (None, "/scope"),
        ([], "/scope"),
        ({"item": ["a"]}, "/scope"),
        ({"items": []}, "/scope/items"),
        ({"items": "film-17"}, "/scope/items"),
        ({"items": [17]}, "/scope/items/0"),
        ({"records": []}, "/scope/records"),
        ({"records": [{"item": "a", "at": "noon"}]}, "/scope/records/0/at"),
        ({"records": [{"item": "a", "at": "2026-02-03T12:00:00"}]}, "/scope/records/0/at"),
        ({"records": [{"item": "a", "at": 1}]}, "/scope/records/0/at"),
        ({"records": [{"item": "a", "at": "0001-01-01T00:00:00+14:00"}]}, "/scope/records/0/at"),
        ({"period": {"first": NOON, "last": "9999-12-31T23:59:59-01:00"}}, "/scope/period/last"),
        ({"period": {"first": NOON, "last": "9999-12-31T23:59:59Z"}}, "/scope"),
        ({"period": {"first": NOON}}, "/scope/period/last"),
        ({"period": {"first": NOON, "last": "2020-01-01T00:00:00Z"}}, "/scope"),
        ({"items": ["a"], "period": {"first": NOON, "last": NOON}}, "/scope"),
        ({"items": [f"i{n}" for n in range(1001)]}, "/scope/items"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_scope_is_refused(shop: Caller, scope: object, pointer: str) -> None:
    response = shop.post(URL, {"subject": "alice", "scope": scope})
    assert is_problem(response, 400)
    assert any(found.startswith(pointer) for found in pointers(response)), response.json()
    assert not ErasureRequest.objects.exists()


def test_the_same_id_with_another_scope_is_another_request(shop: Caller) -> None:
    first = {"id": ID, "subject": "alice", "scope": SCOPES["items"]}
    assert shop.post(URL, first).status_code == 201
    assert shop.post(URL, first).status_code == 200
    for scope in (SCOPES["period"], {"items": ["film-17"]}):
        assert is_problem(shop.post(URL, first | {"scope": scope}), 409)
    del first["scope"]
    assert is_problem(shop.post(URL, first), 409)


def test_the_ground_is_withdrawn_consent_unless_told(shop: Caller) -> None:
    assert shop.post(URL, {"subject": "alice"}).json()["ground"] == "17(1)(b)"


def test_an_asserted_identity_leads_to_review(portal: Caller) -> None:
    response = portal.post(URL, {"subject": "alice", "identity_asserted": True})
    assert (response.status_code, response.json()["state"]) == (201, "in_review")


def test_to_assert_an_identity_needs_a_scope_of_its_own(shop: Caller) -> None:
    response = shop.post(URL, {"subject": "alice", "identity_asserted": True})
    assert is_problem(response, 403)
    assert "erasure:assert-identity" in response.json()["detail"]
    assert not ErasureRequest.objects.exists()


def test_known_and_unknown_subjects_are_answered_alike(shop: Caller, plan: Plan) -> None:
    own = {"id", "received_at", "links"}
    known, unknown = (shop.post(URL, {"subject": name}) for name in ("alice", "nobody"))
    assert known.status_code == unknown.status_code == 201
    alike = [
        {name: value for name, value in response.json().items() if name not in own}
        for response in (known, unknown)
    ]
    assert alike[0] == alike[1]


def test_the_subject_is_taken_to_the_letter(shop: Caller) -> None:
    shop.post(URL, {"subject": " Ælice\n"})
    assert identity_decrypt(ErasureRequest.objects.get().identity) == " Ælice\n"


def test_the_same_call_again_is_the_same_request(shop: Caller) -> None:
    body = {"subject": "alice", "id": ID}
    first, second = shop.post(URL, body), shop.post(URL, body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert ErasureRequest.objects.count() == 1


def test_defaults_that_are_spelt_out_are_the_same_content(shop: Caller) -> None:
    shop.post(URL, {"subject": "alice", "id": ID})
    spelt = {"subject": "alice", "id": ID.upper(), "ground": "17(1)(b)", "identity_asserted": False}
    assert shop.post(URL, spelt).status_code == 200


@pytest.mark.parametrize(
    "change", [{"subject": "bob"}, {"ground": "17(1)(d)"}, {"identity_asserted": True}]
)
def test_the_same_id_with_other_content_is_a_409(portal: Caller, change: dict[str, object]) -> None:
    body = {"subject": "alice", "id": ID}
    portal.post(URL, body)
    response = portal.post(URL, body | change)
    assert is_problem(response, 409)
    assert "alice" not in response.text + str(response.headers)
    assert "bob" not in response.text
    assert ErasureRequest.objects.count() == 1


def test_an_answered_request_is_compared_by_what_is_left_of_it(shop: Caller) -> None:
    body = {"subject": "alice", "id": ID}
    shop.post(URL, body)
    request_cancel(request_id=uuid.UUID(ID), actor="user:1")
    again = shop.post(URL, body)
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    assert again.json()["days_left"] is None
    assert is_problem(shop.post(URL, body | {"ground": "17(1)(e)"}), 409)


@pytest.mark.usefixtures("committed_db")
def test_two_calls_at_once_with_one_id_make_one_request(request: pytest.FixtureRequest) -> None:
    from tests.recommendations.world import make_client

    caller = Caller(*make_client("erasure:create"))
    start, answers = threading.Barrier(6), []

    def call() -> None:
        try:
            start.wait()
            answers.append(caller.post(URL, {"subject": "alice", "id": ID}))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert ErasureRequest.objects.count() == 1
    assert ErasureRequest.objects.get().events.count() == 2


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/subject"),
        ({"subject": "a\0"}, "/subject"),
        ({"subject": "a" * 201}, "/subject"),
        ({"subject": {"id": "alice"}}, "/subject"),
        ({"subject": "alice", "ground": "17(1)(g)"}, "/ground"),
        ({"subject": "alice", "ground": None}, "/ground"),
        ({"subject": "alice", "ground": ["17(1)(b)"]}, "/ground"),
        ({"subject": "alice", "id": "4711"}, "/id"),
        ({"subject": "alice", "id": 4711}, "/id"),
        ({"subject": "alice", "id": None}, "/id"),
        ({"subject": "alice", "id": ID.replace("-", "")}, "/id"),
        ({"subject": "alice", "id": str(uuid.uuid1())}, "/id"),
        ({"subject": "alice", "id": str(uuid.UUID(int=0))}, "/id"),
        ({"subject": "alice", "identity_asserted": "true"}, "/identity_asserted"),
        ({"subject": "alice", "identity_asserted": 1}, "/identity_asserted"),
        ({"subject": "alice", "identity_asserted": None}, "/identity_asserted"),
        ({"subject": "alice", "submitted_at": "0001-01-01T00:00:00Z"}, "/submitted_at"),
        ({"subject": "alice", "submitted_at": "2018-05-24T23:59:59Z"}, "/submitted_at"),
        ({"subject": "alice", "identity_assertet": True}, ""),
        ([], ""),
    ],
)
def test_it_says_where_a_body_is_wrong(portal: Caller, body: object, where: str) -> None:
    response = portal.post(URL, body)
    assert is_problem(response, 400)
    assert pointers(response) == [where]
    assert not ErasureRequest.objects.exists()
