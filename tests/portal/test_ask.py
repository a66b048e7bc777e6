"""A person asks for erasure without any log-in."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.links import status_path
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.jobs.models import OutboxMessage
from compliance.records.scope import EVERYTHING, Scope
from tests.portal.conftest import ALICE, WISH, ask, asked, hidden, mail_of, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]


def test_asking_files_a_request_and_leads_to_its_page(person):
    request = asked(person)
    assert request.status is State.AWAITING_IDENTITY
    assert (request.channel, request.ground) == ("portal", "17(1)(b)")
    assert identity_decrypt(request.identity) == ALICE
    assert scope_decrypt(request.scope) == EVERYTHING
    assert {event.actor for event in request.events.all()} == {"subject:"}
    assert "Please confirm that it is you" in page_of(person, request)


def test_the_receipt_and_the_code_are_mailed_with_the_link(person):
    request = asked(person)
    assert status_path(request.pk) in mail_of("erasure.receipt", request)
    assert status_path(request.pk) in mail_of("erasure.code", request)


def test_the_same_form_sent_twice_makes_one_request(person):
    page = person.get("/requests/").content.decode()
    form = hidden(page) | WISH | {"subject": ALICE}
    one, two = (person.post("/requests/", form).headers["Location"] for _ in range(2))
    assert one == two
    assert ErasureRequest.objects.count() == 1
    assert OutboxMessage.objects.filter(topic="erasure.code").count() == 1
    changed = person.post("/requests/", form | {"ground": "17(1)(a)"}).headers["Location"]
    assert changed != one


def test_nobody_reaches_another_request_by_sending_its_number(person):
    request = asked(person)
    page = person.get("/requests/").content.decode()
    form = hidden(page) | WISH | {"subject": ALICE, "nonce": str(request.pk)}
    assert str(request.pk) not in person.post("/requests/", form).headers["Location"]


@pytest.mark.usefixtures("in_berlin")
def test_a_period_is_whole_days_in_the_time_zone_of_the_controller(person):
    request = asked(person, scope="period", first="2026-01-31", last="2026-07-01")
    assert scope_decrypt(request.scope) == Scope(
        period=(
            datetime(2026, 1, 30, 23, tzinfo=UTC),
            datetime(2026, 7, 1, 21, 59, 59, 999999, tzinfo=UTC),
        )
    )


def test_the_language_of_the_page_is_that_of_the_mails(person):
    person.defaults["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9"
    assert asked(person).language == "de"


BAD = {
    "subject": [{"subject": ""}, {"subject": "a" * 201}, {"subject": "a\x07b"}],
    "scope": [{"scope": ""}, {"scope": "all"}, {"first": "2026-01-01"}],
    "first": [
        {"scope": "period", "last": "2026-01-01"},
        {"scope": "period", "last": "2026-01-01", "first": "1.1.2026"},
        {"scope": "period", "last": "2026-01-01", "first": "0001-01-01"},
    ],
    "last": [
        {"scope": "period", "first": "2026-01-01"},
        {"scope": "period", "first": "2026-01-02", "last": "2026-01-01"},
        {"scope": "period", "first": "2026-01-02", "last": "9999-12-31"},
    ],
    "ground": [{"ground": ""}, {"ground": "17(1)(z)"}],
}


@pytest.mark.parametrize(
    ("field", "values"), [(field, values) for field, all_ in BAD.items() for values in all_]
)
def test_what_is_wrong_is_said_beside_the_field_and_above(person, field, values):
    response = ask(person, **values)
    html = response.content.decode()
    assert response.status_code == 400
    assert f'id="id_{field}_error"' in html
    assert f'href="#id_{field}' in html
    assert "<title>Error: " in html
    assert not ErasureRequest.objects.exists()


def test_a_form_without_its_hidden_field_is_refused(person):
    page = person.get("/requests/").content.decode()
    form = hidden(page) | WISH | {"subject": ALICE, "nonce": "x"}
    response = person.post("/requests/", form)
    assert response.status_code == 400
    assert "This form is incomplete" in response.content.decode()


def test_the_page_says_by_when_and_what_happens(person, monkeypatch):
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    html = person.get("/requests/").content.decode()
    assert "Feb. 28, 2026" in html
    assert "What happens then" in html


def test_the_controllers_own_words_stand_on_the_page(person, settings):
    settings.CONTROLLER_NAME = "Lamps & Co"
    settings.PORTAL_IDENTIFIER = "Customer number"
    settings.PRIVACY_URL = "https://lamps.example/privacy"
    settings.PRIVACY_CONTACT = "privacy@lamps.example"
    html = person.get("/requests/").content.decode()
    assert '<label for="id_subject">Customer number</label>' in html
    assert "Lamps &amp; Co" in html
    assert 'href="https://lamps.example/privacy" rel="noreferrer"' in html
    assert 'href="mailto:privacy@lamps.example"' in html
