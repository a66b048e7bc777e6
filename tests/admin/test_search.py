"""Find a request by number, or by the exact identifier of whom it is about."""

import logging

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.urls import reverse

from compliance.erasure.models import ErasureEvent, Step
from compliance.erasure.services import request_cancel
from tests.admin.acting import QUEUE, at, text_of
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db
FIND = "admin:erasure_erasurerequest_find"
PERSON = "admin:erasure_erasurerequest_find_person"


def test_a_request_is_found_by_its_whole_number(login, erasure):
    rita = login("rita")
    response = rita.post(reverse(FIND), {"number": f" {erasure.pk} "})
    assert response.url.endswith(f"{erasure.pk}/change/")
    for wrong in (str(erasure.pk)[:8], "alice", ""):
        answer = rita.post(reverse(FIND), {"number": wrong}, follow=True)
        assert "no request with exactly this number" in text_of(answer)


def test_a_person_is_found_by_the_exact_identifier(login, erasure):
    response = login("rita").post(reverse(PERSON), {"identifier": ALICE})
    assert response.url == at(erasure)
    assert ErasureEvent.objects.get(step=Step.IDENTITY_SHOWN).request == erasure
    assert "1 found" in LogEntry.objects.get().change_message


@pytest.mark.parametrize("wrong", [ALICE.upper(), ALICE[:-1], f" {ALICE}", "", "eve@example.org"])
def test_another_identifier_finds_nothing_and_is_not_repeated(login, erasure, wrong):
    answer = login("rita").post(reverse(PERSON), {"identifier": wrong}, follow=True)
    html = text_of(answer)
    assert "No open request is about exactly this identifier" in html
    assert not wrong or f'"{wrong}"' not in html
    assert "eve@" not in html
    assert not ErasureEvent.objects.filter(step=Step.IDENTITY_SHOWN).exists()
    assert "0 found" in LogEntry.objects.get().change_message


def test_all_open_requests_of_a_person_are_listed(login, plan):
    first, second, ended, other = (
        make_request(),
        make_request(),
        make_request(),
        make_request(subject="bob"),
    )
    request_cancel(request_id=ended.pk, actor="system:test")
    response = login("otto").post(reverse(PERSON), {"identifier": ALICE})
    html = text_of(response)
    assert at(first) in html
    assert at(second) in html
    assert at(ended) not in html
    assert at(other) not in html
    assert ALICE not in html
    assert "no-store" in response["Cache-Control"]
    assert ErasureEvent.objects.filter(step=Step.IDENTITY_SHOWN).count() == 2


def test_the_identifier_stands_in_no_address_log_session_or_event(login, erasure, caplog):
    caplog.set_level(logging.DEBUG)
    rita = login("rita")
    for identifier in (ALICE, "eve@example.org"):
        answer = rita.post(reverse(PERSON), {"identifier": identifier}, follow=True)
        assert all(identifier not in url for url, _ in answer.redirect_chain)
        kept = str(list(LogEntry.objects.values())) + str(list(ErasureEvent.objects.values()))
        kept += str([one.get_decoded() for one in Session.objects.all()]) + caplog.text
        assert identifier not in kept


def test_only_a_post_of_those_who_may_see_identities_looks_up(login, erasure):
    for who in ("anna", "omar", "nora"):
        assert login(who).post(reverse(PERSON), {"identifier": ALICE}).status_code == 403
    rita = login("rita")
    assert rita.get(reverse(PERSON), {"identifier": ALICE}).status_code == 405
    assert reverse(PERSON) in text_of(rita.get(reverse(QUEUE)))
    assert reverse(PERSON) not in text_of(login("anna").get(reverse(QUEUE)))
    assert not LogEntry.objects.exists()


def test_a_search_without_the_token_is_refused(login, erasure):
    rita = login("rita")
    rita.handler.enforce_csrf_checks = True
    assert rita.post(reverse(PERSON), {"identifier": ALICE}).status_code == 403
    assert not LogEntry.objects.exists()
