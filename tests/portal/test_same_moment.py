"""Two calls at the same moment: one wins, and the person is told in plain words."""

import pytest
from django.test import Client

from compliance.erasure.impact import impact_of
from compliance.erasure.links import status_path
from compliance.erasure.models import ErasureRequest
from compliance.erasure.services import request_approve
from compliance.erasure.states import ERASED_STATES, State
from compliance.jobs.models import OutboxMessage
from compliance.records.models import Subject
from compliance.sealing import seal
from tests.portal.conftest import (
    ALICE,
    MAILBOX,
    WISH,
    asked,
    hidden,
    make_customers,
    token_of,
    verified,
)
from tests.races.race import race

ROUNDS = 8


@pytest.fixture
def person(committed_db, settings) -> Client:
    settings.PORTAL_REQUESTS_PER_SUBJECT = settings.PORTAL_REQUESTS_PER_ADDRESS = 1000
    make_customers()
    return Client(enforce_csrf_checks=True)


def at_once(person, path, form):
    """Return a call with the cookies of this person, by a browser of its own."""
    other = Client(enforce_csrf_checks=True)
    other.cookies = person.cookies
    return lambda: other.post(path, form)


def test_a_form_sent_twice_at_once_makes_one_request(person):
    for number in range(1, ROUNDS + 1):
        page = person.get("/requests/").content.decode()
        form = hidden(page) | WISH | {"subject": f"somebody-{number}"}
        one, two = race(*[at_once(person, "/requests/", form) for _ in range(2)])
        assert one.result.status_code == two.result.status_code == 302
        assert one.result.headers["Location"] == two.result.headers["Location"]
        assert ErasureRequest.objects.count() == number


def test_taking_it_back_races_an_approval(person):
    ends = set()
    for _ in range(ROUNDS):  # an approval takes Alice and her address with it: she comes anew
        Subject.objects.update_or_create(external_id=ALICE, defaults={"contact": seal(MAILBOX)})
        request = verified(person, asked(person))
        path = status_path(request.pk) + "/cancel"
        form = {"csrfmiddlewaretoken": token_of(person.get(path).content.decode())}
        digest = impact_of(request).digest
        taken_back, approved = race(
            at_once(person, path, form),
            lambda pk=request.pk, digest=digest: request_approve(
                request_id=pk, actor="user:1", digest=digest
            ),
        )
        request.refresh_from_db()
        ends.add(request.status)
        if approved.won:
            assert request.status in ERASED_STATES
            assert taken_back.result.status_code == 409
            assert "cannot be taken back any more" in taken_back.result.content.decode()
        else:
            assert request.status is State.CANCELLED
            assert taken_back.result.status_code == 302
    assert ends <= ERASED_STATES | {State.CANCELLED}


def test_taking_it_back_twice_at_once_is_once(person):
    for _ in range(ROUNDS):
        request = asked(person)
        path = status_path(request.pk) + "/cancel"
        form = {"csrfmiddlewaretoken": token_of(person.get(path).content.decode())}
        for runner in race(*[at_once(person, path, form) for _ in range(2)]):
            assert runner.result.headers["Location"] == status_path(request.pk)
        assert request.events.filter(to_state="cancelled").count() == 1
        mails = OutboxMessage.objects.filter(about=request.pk, topic="erasure.cancelled")
        assert mails.count() == 1
