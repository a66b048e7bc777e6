"""Sending interactions: by the rules of an import, with an answer for each line."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from compliance.records.models import Interaction, Item, ParkedInteraction, Subject
from compliance.records.restriction import restriction_begin, restriction_end
from compliance.records.scope import EVERYTHING
from compliance.records.services import records_erase
from tests.api.conftest import Caller, is_problem, pointers

pytestmark = pytest.mark.django_db

PATH = "/api/v1/interactions"
AT = "2026-02-03T20:15:00+01:00"


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    Item.objects.bulk_create(Item(external_id=name, title=name) for name in ("film", "book"))


def line(subject: str = "alice", item: str = "film", rating: Any = 4.5, at: str = AT) -> dict:
    return {"subject": subject, "item": item, "rating": rating, "at": at}


def send(caller: Caller, *lines: dict) -> Any:
    return caller.post(PATH, {"interactions": list(lines)})


def outcomes(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [result["outcome"] for result in response.json()["results"]]


def test_interactions_are_stored(shop: Caller):
    assert outcomes(send(shop, line(), line("bob", "book", 3))) == ["stored", "stored"]
    row = Interaction.objects.get(subject__external_id="alice")
    assert (row.item.external_id, str(row.rating)) == ("film", "4.50")
    assert row.occurred_at == datetime(2026, 2, 3, 19, 15, tzinfo=UTC)


def test_sent_again_they_are_there_once(shop: Caller):
    send(shop, line())
    assert outcomes(send(shop, line(), line(item="book"))) == ["unchanged", "stored"]
    assert Interaction.objects.count() == 2


def test_of_two_alike_in_a_call_the_first_is_stored(shop: Caller):
    assert outcomes(send(shop, line(), line(), line(rating=1))) == [
        "stored",
        "unchanged",
        "rejected",
    ]


def test_a_line_that_contradicts_the_catalogue_or_a_record_is_rejected(shop: Caller):
    send(shop, line())
    response = send(shop, line(item="unheard-of"), line(rating=2), line(item="book"))
    assert outcomes(response) == ["rejected", "rejected", "stored"]
    assert [result["reason"] for result in response.json()["results"]] == [
        "item is not in the catalogue",
        "subject rated the item otherwise at the same time",
        "",
    ]
    assert str(Interaction.objects.get(item__external_id="film").rating) == "4.50"


def test_the_future_is_rejected(shop: Caller):
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    [result] = send(shop, line(at=tomorrow)).json()["results"]
    assert result == {"outcome": "rejected", "reason": "time is in the future"}
    assert not Subject.objects.exists()


def test_times_before_1970_are_rejected_as_an_import_rejects_them(shop: Caller):
    response = send(shop, line(at="1969-12-31T23:59:59Z"), line("bob", at="1970-01-01T00:00:00Z"))
    early, _ = response.json()["results"]
    assert early == {"outcome": "rejected", "reason": "time is before 1970"}
    assert [subject.external_id for subject in Subject.objects.all()] == ["bob"]


def test_what_was_erased_does_not_come_back(shop: Caller):
    send(shop, line())
    records_erase(external_id="alice", scope=EVERYTHING, at=timezone.now())
    assert outcomes(send(shop, line(), line("bob"))) == ["erased", "stored"]


def test_what_is_of_a_restricted_subject_is_parked(shop: Caller):
    request_id = uuid.uuid4()
    restriction_begin(external_id="alice", request_id=request_id, scope=EVERYTHING)
    assert outcomes(send(shop, line(), line("bob"))) == ["parked", "stored"]
    assert outcomes(send(shop, line(), line(rating=1))) == ["unchanged", "rejected"]
    assert ParkedInteraction.objects.count() == 1
    assert restriction_end(request_id=request_id) == 1
    assert outcomes(send(shop, line())) == ["unchanged"]


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ({"subject": ""}, "/interactions/1/subject"),
        ({"subject": 7}, "/interactions/1/subject"),
        ({"subject": "\x00"}, "/interactions/1/subject"),
        ({"item": None}, "/interactions/1/item"),
        ({"rating": "4"}, "/interactions/1/rating"),
        ({"rating": True}, "/interactions/1/rating"),
        ({"rating": 10.5}, "/interactions/1/rating"),
        ({"rating": -1}, "/interactions/1/rating"),
        ({"rating": 3.333}, "/interactions/1/rating"),
        ({"at": "2026-02-03T20:15:00"}, "/interactions/1/at"),
        ({"at": 1770146100}, "/interactions/1/at"),
        ({"mood": "good"}, "/interactions/1"),
    ],
    ids=str,
)
def test_a_broken_line_is_named_and_none_is_taken(shop: Caller, broken: dict, pointer: str):
    response = send(shop, line(), line() | broken)
    assert is_problem(response, 400)
    assert pointers(response) == [pointer]
    assert not Interaction.objects.exists()


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_has_one_to_a_thousand_lines(shop: Caller, count: int):
    response = send(shop, *[line()] * count)
    assert is_problem(response, 400)
    assert pointers(response) == ["/interactions"]


def test_a_thousand_lines_are_taken(shop: Caller):
    lines = [line(f"person-{number}") for number in range(1000)]
    assert set(outcomes(send(shop, *lines))) == {"stored"}


def test_who_may_not_is_told(stranger: Caller, outsider: Caller, shop: Caller):
    assert is_problem(send(stranger, line()), 401)
    assert is_problem(send(outsider, line()), 403)
    assert is_problem(shop.get(PATH), 405)
    assert not Interaction.objects.exists()
