"""Supplying addresses and languages of subjects."""

from typing import Any

import pytest
from django.utils import timezone

from compliance.records.contacts import Contact, contact_of
from compliance.records.models import Subject
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase
from tests.api.conftest import Caller, is_problem, pointers

pytestmark = pytest.mark.django_db

PATH = "/api/v1/subjects"
ALICE = {"subject": "alice", "email": "alice@example.org", "language": "de"}


def put(caller: Caller, *lines: dict) -> Any:
    return caller.put(PATH, {"subjects": list(lines)})


def outcomes(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [result["outcome"] for result in response.json()["results"]]


def test_an_unknown_subject_becomes_known_and_can_be_reached(shop: Caller):
    assert outcomes(put(shop, ALICE)) == ["created"]
    assert contact_of("alice") == Contact("alice@example.org", "de")


def test_the_address_is_stored_encrypted(shop: Caller):
    put(shop, ALICE)
    assert b"example" not in bytes(Subject.objects.get().contact)


def test_put_again_it_is_unchanged_and_another_takes_its_place(shop: Caller):
    put(shop, ALICE)
    assert outcomes(put(shop, ALICE)) == ["unchanged"]
    assert outcomes(put(shop, {"subject": "alice", "email": "a@example.org"})) == ["changed"]
    assert contact_of("alice") == Contact("a@example.org", "")


def test_a_subject_of_whom_nothing_else_is_known_goes_with_its_address(shop: Caller):
    put(shop, ALICE)
    assert outcomes(put(shop, {"subject": "alice", "email": None})) == ["changed"]
    assert not Subject.objects.exists()


def test_no_address_makes_nobody_known(shop: Caller):
    assert outcomes(put(shop, {"subject": "alice", "email": None})) == ["unchanged"]
    assert not Subject.objects.exists()


def test_who_was_erased_does_not_come_back(shop: Caller):
    put(shop, ALICE)
    records_erase(external_id="alice", scope=EVERYTHING, at=timezone.now())
    assert contact_of("alice") is None
    assert outcomes(put(shop, ALICE, ALICE | {"subject": "bob"})) == ["erased", "created"]
    assert contact_of("alice") is None


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ({"subject": ""}, "/subjects/1/subject"),
        ({"email": "bob"}, "/subjects/1/email"),
        ({"email": "bob@example.org\nBcc: eve@example.org"}, "/subjects/1/email"),
        ({"language": "fr"}, "/subjects/1/language"),
        ({"phone": "1"}, "/subjects/1"),
        ({"subject": "alice"}, "/subjects/1/subject"),
    ],
    ids=str,
)
def test_a_broken_line_is_named_and_none_is_taken(shop: Caller, broken: dict, pointer: str):
    response = put(shop, ALICE, {"subject": "bob", "email": "bob@example.org"} | broken)
    assert is_problem(response, 400)
    assert pointers(response) == [pointer]
    assert not Subject.objects.exists()


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_has_one_to_a_thousand_lines(shop: Caller, count: int):
    response = put(shop, *[ALICE] * count)
    assert is_problem(response, 400)
    assert pointers(response) == ["/subjects"]


def test_who_may_not_is_told(stranger: Caller, outsider: Caller, shop: Caller):
    assert is_problem(put(stranger, ALICE), 401)
    assert is_problem(put(outsider, ALICE), 403)
    assert is_problem(shop.get(PATH), 405)
    assert not Subject.objects.exists()
