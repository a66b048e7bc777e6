"""A request that came by letter or telephone: its day, its scope, and that it is filed once."""

import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compliance.erasure.clock import due_on
from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.models import Channel, ErasureRequest
from compliance.erasure.services import request_cancel
from compliance.erasure.states import State
from tests.admin.acting import at, text_of

pytestmark = pytest.mark.django_db
NEW = "admin:erasure_erasurerequest_new"


def form(**changed) -> dict:
    return {
        "number": str(uuid.uuid4()),
        "subject": "dora",
        "ground": "17(1)(b)",
        "kind": "everything",
        "received_on": timezone.localdate().isoformat(),
        "source": "letter",
        "language": "",
        **changed,
    }


def file(browser, **changed) -> ErasureRequest:
    response = browser.post(reverse(NEW), form(**changed))
    assert response.status_code == 302, response.context["form"].errors
    return ErasureRequest.objects.order_by("-received_at").first()


def test_a_request_is_filed(login, db):
    request = file(login("rita"), identity_checked="on")
    assert (request.channel, request.status) == (Channel.ADMIN, State.IN_REVIEW)
    assert identity_decrypt(request.identity) == "dora"
    assert request.source == "letter"


def test_without_a_check_the_identity_is_awaited(login, db):
    assert file(login("rita")).status is State.AWAITING_IDENTITY


def test_the_clock_of_a_letter_runs_from_the_day_on_which_it_came(login, db):
    day = timezone.localdate() - timedelta(days=5)
    request = file(login("rita"), received_on=day.isoformat())
    assert timezone.localdate(request.submitted_at) == day
    assert request.due_on == due_on(request.submitted_at, timezone.get_default_timezone())


def test_a_scope_of_items_is_filed(login, db):
    request = file(login("rita"), kind="items", items="film-1\n\n film-2 \nfilm-1")
    assert scope_decrypt(request.scope).items == {"film-1", "film-2"}
    assert request.scope_kind == "items"


def test_a_scope_of_a_period_holds_its_last_day(login, db):
    request = file(login("rita"), kind="period", first="2026-01-01", last="2026-01-31")
    first, last = (timezone.localtime(at) for at in scope_decrypt(request.scope).period)
    assert (first.date(), first.hour) == (date(2026, 1, 1), 0)
    assert (last.date(), last.hour, last.minute) == (date(2026, 1, 31), 23, 59)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"subject": ""}, "subject", "required"),
        ({"ground": "17(1)(z)"}, "ground", "valid choice"),
        ({"kind": "items"}, "items", "Fill this in"),
        ({"kind": "items", "items": " \n "}, "items", "Fill this in"),
        ({"kind": "period", "first": "2026-01-01"}, "last", "Fill this in"),
        ({"kind": "period", "first": "x", "last": "2026-01-01"}, "first", "valid date"),
        ({"kind": "period", "first": "2026-02-01", "last": "2026-01-01"}, "__all__", "before"),
        ({"received_on": "2999-01-01"}, "received_on", "still to come"),
        ({"received_on": "1999-01-01"}, "received_on", "Check the year"),
        ({"source": "pigeon"}, "source", "valid choice"),
        ({"number": "1"}, "number", "UUID"),
    ],
)
def test_a_wrong_form_is_told_which_field_and_nothing_is_filed(login, db, changed, field, words):
    response = login("rita").post(reverse(NEW), form(**changed))
    assert words in str(response.context["form"].errors[field])
    assert not ErasureRequest.objects.exists()


def test_a_form_that_is_sent_twice_is_one_request(login, db):
    rita, values = login("rita"), form()
    rita.post(reverse(NEW), values)
    assert "sent twice" in text_of(rita.post(reverse(NEW), values, follow=True))
    assert ErasureRequest.objects.count() == 1
    other = rita.post(reverse(NEW), values | {"subject": "eve"})
    assert "with other words" in text_of(other)
    assert ErasureRequest.objects.count() == 1


def test_a_request_that_has_ended_is_reopened_by_a_linked_one(login, db):
    rita = login("rita")
    ended = file(rita, ground="17(1)(d)")
    assert "is open" in text_of(rita.get(at(ended, "reopen"), follow=True))
    request_cancel(request_id=ended.pk, actor="system:test")
    initial = rita.get(at(ended, "reopen")).context["form"].initial
    assert (initial["ground"], initial["reopens"]) == ("17(1)(d)", ended.pk)
    rita.post(at(ended, "reopen"), form(reopens=str(ended.pk)))
    new = ErasureRequest.objects.exclude(pk=ended.pk).get()
    assert new.reopens == ended
    assert at(new) in text_of(rita.get(at(ended)))
    assert at(ended) in text_of(rita.get(at(new)))


def test_an_open_or_unknown_request_is_not_reopened_by_the_form(login, db):
    rita = login("rita")
    open_ = file(rita)
    for number in (open_.pk, uuid.uuid4()):
        response = rita.post(reverse(NEW), form(reopens=str(number)))
        assert "has ended" in str(response.context["form"].errors["reopens"])
    assert ErasureRequest.objects.count() == 1


def test_filing_needs_the_right(login, db):
    for who in ("anna", "omar", "nora"):
        assert login(who).post(reverse(NEW), form()).status_code == 403
        assert login(who).get(reverse(NEW)).status_code == 403
    assert not ErasureRequest.objects.exists()
