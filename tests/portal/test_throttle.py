"""A few calls are allowed, and then a friendly page says how long to wait."""

import pytest

from compliance.accounts.models import Throttle
from compliance.erasure.models import ErasureRequest
from compliance.jobs.models import OutboxMessage
from compliance.portal import pages
from tests.portal.conftest import ALICE, BOB, NOBODY, ask, asked, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]


def assert_waits(response):
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    html = response.content.decode()
    assert "Please wait" in html
    assert "Try again on" in html


@pytest.mark.parametrize("who", [ALICE, NOBODY])
def test_requests_for_one_person_are_limited_known_or_not(person, settings, who):
    settings.PORTAL_REQUESTS_PER_SUBJECT = 2
    for _ in range(2):
        asked(person, who)
    assert_waits(ask(person, who))
    assert_waits(submit(person, "/requests/lost", subject=who))
    assert ErasureRequest.objects.count() == 2
    asked(person, BOB)


def test_requests_from_one_address_are_limited(person, settings):
    settings.PORTAL_REQUESTS_PER_ADDRESS = 2
    asked(person, "one")
    asked(person, "two")
    assert_waits(ask(person, "three"))
    person.defaults["REMOTE_ADDR"] = "203.0.113.9"
    asked(person, "three")


def test_pages_are_limited_too(person, monkeypatch):
    monkeypatch.setattr(pages, "PAGES", 3)
    for _ in range(3):
        assert person.get("/requests/").status_code == 200
    assert_waits(person.get("/requests/"))
    assert_waits(person.get("/requests/lost"))


def test_counters_name_nobody(person):
    asked(person)
    rows = " ".join(str(bytes(row.key)) for row in Throttle.objects.all())
    assert rows
    assert ALICE not in rows


def test_a_lost_link_comes_by_mail_to_whom_it_belongs(person):
    request = asked(person)
    before = OutboxMessage.objects.count()
    response = submit(person, "/requests/lost", subject=ALICE)
    assert "Look into your mail" in response.content.decode()
    assert str(request.pk) not in response.content.decode()
    sent = OutboxMessage.objects.order_by("-created_at").first()
    assert OutboxMessage.objects.count() == before + 1
    assert (sent.about, sent.topic) == (request.pk, "erasure.receipt")
