"""The second person sees what the first approved, and can confirm it without typing it again."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from compliance import sealing
from compliance.erasure.models import Endorsement
from compliance.erasure.states import State
from tests.admin.acting import PART, WORDS, at, do, state_of, step, text_of

pytestmark = pytest.mark.django_db
OTHER = PART | {"text": "Because we say so."}


@pytest.fixture(autouse=True)
def two_persons(settings):
    settings.FOUR_EYES = True


def confirm(browser: Client, erasure: Any) -> Any:
    """Send what the page is filled in with, changing nothing."""
    initial = browser.get(step(erasure, "approve-part")).context["form"].initial
    return do(browser, erasure, "approve-part", initial)


def test_the_page_shows_who_approved_what_and_with_which_words(login, erasure):
    do(login("rita"), erasure, "approve-part")
    html = text_of(login("otto").get(at(erasure)))
    assert "Approved by rita" in html
    assert "A part; the rest is refused" in html
    assert WORDS in html
    assert "17(3)(e)" in html
    assert "<li>i-1</li>" in html
    assert "it counts no more" not in html
    assert "one more person" in html


def test_a_scope_is_shown_to_those_alone_who_may_see_identities(login, erasure):
    do(login("rita"), erasure, "approve-part")
    html = text_of(login("omar").get(at(erasure)))
    assert WORDS in html
    assert "<li>i-1</li>" not in html


def test_the_words_are_shown_to_those_alone_who_may_see_endorsements(login, erasure):
    do(login("rita"), erasure, "approve-part")
    browser = login("nora")
    nora = User.objects.get(username="nora")
    nora.user_permissions.add(Permission.objects.get(codename="view_erasurerequest"))
    html = text_of(browser.get(at(erasure)))
    assert "Approved by rita" in html
    assert WORDS not in html


def test_the_second_confirms_what_the_form_is_filled_in_with(login, erasure):
    do(login("rita"), erasure, "approve-part")
    otto = login("otto")
    assert "filled in with what another person has approved" in text_of(
        otto.get(step(erasure, "approve-part"))
    )
    assert "Approved in part" in text_of(confirm(otto, erasure))
    assert state_of(erasure) is not State.IN_REVIEW
    assert erasure.decided_scope is not None


def test_a_period_is_confirmed_too(login, erasure):
    day = {"kind": "period", "items": "", "first": "2024-01-01", "last": "2024-01-01"}
    do(login("rita"), erasure, "approve-part", PART | day)
    confirm(login("otto"), erasure)
    assert state_of(erasure) is not State.IN_REVIEW


def test_the_first_person_has_nothing_to_confirm(login, erasure):
    rita = login("rita")
    do(rita, erasure, "approve-part")
    assert rita.get(step(erasure, "approve-part")).context["form"].initial == {}


def test_other_words_are_told_before_and_after_and_erase_nothing(login, erasure):
    do(login("rita"), erasure, "approve-part")
    otto = login("otto")
    look = text_of(otto.post(step(erasure, "approve-part"), OTHER))
    assert "rita has approved the same impact with another answer to the person" in look
    assert "a first approval of its own" in look
    done = text_of(do(otto, erasure, "approve-part", OTHER))
    assert "Your approval is noted" in done
    assert "rita has approved the same impact with another answer" in done
    assert state_of(erasure) is State.IN_REVIEW
    assert Endorsement.objects.count() == 2


def test_another_impact_is_told_apart_from_another_answer(login, erasure):
    do(login("rita"), erasure, "approve-part")
    otto = login("otto")
    assert "rita has approved another impact" in text_of(otto.get(step(erasure, "approve")))
    assert "rita has approved another impact" in text_of(do(otto, erasure, "approve"))
    assert state_of(erasure) is State.IN_REVIEW


def test_the_same_again_is_told_nothing(login, erasure):
    do(login("rita"), erasure, "approve-part")
    look = text_of(login("otto").post(step(erasure, "approve-part"), PART))
    assert "rita has approved" not in look


def test_the_pages_open_under_another_identity_key(login, erasure, monkeypatch):
    do(login("rita"), erasure, "approve-part")
    monkeypatch.setattr(sealing, "secret", lambda key: bytes(32))
    otto = login("otto")
    assert "Encrypted with another identity key" in text_of(otto.get(at(erasure)))
    assert otto.get(step(erasure, "approve-part")).status_code == 200


def test_with_one_person_nothing_is_filled_in(login, erasure, settings):
    do(login("rita"), erasure, "approve-part")
    settings.FOUR_EYES = False
    assert login("otto").get(step(erasure, "approve-part")).context["form"].initial == {}


def test_who_is_about_to_approve_something_else_is_the_first_of_it(login, erasure):
    do(login("rita"), erasure, "approve-part")
    otto, page = login("otto"), step(erasure, "approve-part")
    assert "first of two" in text_of(otto.post(page, OTHER))
    assert "first of two" not in text_of(otto.post(page, PART))
    assert "first of two" in text_of(otto.get(step(erasure, "approve")))
