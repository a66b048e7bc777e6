"""The code from the mail confirms who asks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.erasure.links import status_path
from compliance.erasure.models import IdentityCode
from compliance.erasure.proving import MOST_ATTEMPTS
from compliance.erasure.services import request_confirm_identity
from compliance.erasure.states import State
from compliance.records.restricted import is_restricted
from tests.portal.conftest import ALICE, asked, code_for, page_of, press, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customers")]


def enter(person, request, code):
    return press(person, status_path(request.pk), code=code)


def wrong(code):
    return f"{(int(code) + 1) % 10**8:08}"


def later(request, minutes=2):
    """Let time pass since the last code."""
    moment = timezone.now() - timedelta(minutes=minutes)
    IdentityCode.objects.filter(request=request).update(sent_at=moment)


def test_the_code_brings_the_request_into_review_and_restricts_the_data(person):
    request = asked(person)
    code = code_for(request)
    response = enter(person, request, f" {code[:4]} {code[4:]}")
    assert response.headers["Location"] == status_path(request.pk)
    request.refresh_from_db()
    assert (request.status, request.identity_method) == (State.IN_REVIEW, "code")
    assert is_restricted(ALICE)
    assert "We are looking at your request" in page_of(person, request)


def test_a_wrong_code_is_said_and_counted(person):
    request = asked(person)
    code = wrong(code_for(request))
    response = enter(person, request, code)
    html = response.content.decode()
    assert code not in html
    assert response.status_code == 400
    assert "This code is wrong or not good any more" in html
    assert 'id="id_code_error"' in html
    assert IdentityCode.objects.get(request=request).attempts == 1
    assert page_of(person, request).count("Please confirm") >= 1


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "abcdefgh", "１２３４５６７８"])
def test_what_is_no_code_is_said_and_not_counted(person, typed):
    request = asked(person)
    assert enter(person, request, typed).status_code == 400
    assert IdentityCode.objects.get(request=request).attempts == 0


def test_after_five_wrong_codes_a_new_one_is_needed(person):
    request = asked(person)
    code = code_for(request)
    for _ in range(MOST_ATTEMPTS):
        enter(person, request, wrong(code))
    assert enter(person, request, code).status_code == 400
    later(request)
    press(person, status_path(request.pk), resend="1")
    assert enter(person, request, code_for(request)).status_code == 302


def test_a_new_code_is_sent_but_not_at_once(person):
    request = asked(person)
    old = code_for(request)
    response = press(person, status_path(request.pk), resend="1")
    assert response.status_code == 429
    assert "A code has just been sent" in response.content.decode()
    later(request)
    response = press(person, status_path(request.pk), resend="1")
    page = person.get(response.headers["Location"]).content.decode()
    assert "a new code is on its way" in page
    assert code_for(request) != old


@pytest.mark.parametrize("form", [{"code": "12345678"}, {"resend": "1"}])
def test_a_form_that_comes_too_late_leads_to_the_page(person, form):
    request = asked(person)
    page = page_of(person, request)
    request_confirm_identity(request_id=request.pk, actor="user:1")
    form["csrfmiddlewaretoken"] = token_of(page)
    response = person.post(status_path(request.pk), form)
    assert response.headers["Location"] == status_path(request.pk)
