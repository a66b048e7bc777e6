"""A person takes a request back, while that is possible."""

import pytest

from compliance.erasure.links import status_path
from compliance.erasure.services import request_cancel
from compliance.erasure.states import State
from compliance.records.models import Restriction, Subject
from tests.approving import approve
from tests.portal.conftest import ALICE, asked, mail_of, page_of, press, token_of, verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]


def path(request):
    return status_path(request.pk) + "/cancel"


def state(request):
    request.refresh_from_db()
    return request.status


@pytest.mark.parametrize("proven", [True, False])
def test_the_request_is_taken_back_after_a_question(person, proven):
    request = asked(person)
    if proven:
        verified(person, request)
    before = state(request)
    assert "Take the request back?" in person.get(path(request)).content.decode()
    assert state(request) is before
    response = press(person, path(request))
    assert response.headers["Location"] == status_path(request.pk)
    assert state(request) is State.CANCELLED
    assert request.events.get(to_state="cancelled", step="moved").actor == "subject:"
    html = page_of(person, request)
    assert "The request was taken back" in html
    assert path(request) not in html
    assert Subject.objects.filter(external_id=ALICE).exists()


def test_who_takes_it_back_knows_it_so_the_restriction_ends_and_a_mail_confirms_it(person):
    request = verified(person, asked(person))
    assert Restriction.objects.filter(request_id=request.pk).exists()
    press(person, path(request))
    assert not Restriction.objects.exists()
    assert "taken back" in mail_of("erasure.cancelled", request)


def test_after_the_decision_it_is_too_late(person):
    request = verified(person, asked(person))
    question = person.get(path(request)).content.decode()
    approve(request)
    response = person.post(path(request), {"csrfmiddlewaretoken": token_of(question)})
    assert response.status_code == 409
    assert "cannot be taken back any more" in response.content.decode()
    assert state(request) in {State.APPROVED, State.VERIFYING}
    assert person.get(path(request)).headers["Location"] == status_path(request.pk)


def test_taking_it_back_twice_is_once(person):
    request = asked(person)
    question = person.get(path(request)).content.decode()
    request_cancel(request_id=request.pk, actor="subject:")
    response = person.post(path(request), {"csrfmiddlewaretoken": token_of(question)})
    assert response.headers["Location"] == status_path(request.pk)
    assert request.events.filter(to_state="cancelled").count() == 1
