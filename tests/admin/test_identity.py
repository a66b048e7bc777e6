"""Who may see whom a request is about, and where an identifier never stands."""

import pytest
from django.urls import reverse

from compliance import sealing
from compliance.erasure.models import Step
from compliance.records.models import Subject
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db


def pages(erasure):
    subject = Subject.objects.get(external_id=ALICE)
    return [
        reverse("admin:index"),
        reverse("admin:erasure_erasurerequest_changelist"),
        reverse("admin:erasure_erasurerequest_change", args=[erasure.pk]),
        reverse("admin:erasure_erasurerequest_progress", args=[erasure.pk]),
        reverse("admin:records_subject_changelist"),
        reverse("admin:records_subject_change", args=[subject.pk]),
    ]


def identity(erasure):
    return reverse("admin:erasure_erasurerequest_identity", args=[erasure.pk])


@pytest.mark.parametrize("who", ["rita", "otto", "anna"])
def test_no_page_names_the_subject_unasked(login, erasure, who):
    browser = login(who)
    for url in pages(erasure):
        response = browser.get(url)
        assert response.status_code == 200
        assert ALICE not in response.content.decode()


def test_the_identifier_is_shown_on_request_and_it_is_noted(login, erasure):
    response = login("rita").post(identity(erasure))
    assert ALICE in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    event = erasure.events.get(step=Step.IDENTITY_SHOWN)
    assert event.actor.startswith("user:")
    assert ALICE not in str(list(erasure.events.values()))


def test_another_identity_key_is_named_and_nothing_breaks(login, plan, monkeypatch):
    erasure = make_request()
    monkeypatch.setattr(sealing, "secret", lambda key: b"another key, of 32 bytes as well")
    rita = login("rita")
    page = reverse("admin:erasure_erasurerequest_change", args=[erasure.pk])
    step = reverse("admin:erasure_erasurerequest_step", args=[erasure.pk, "approve"])
    assert rita.get(page).status_code == 200
    assert "another identity key" in rita.get(step).content.decode()
    for url in (identity(erasure), step):
        answer = rita.post(url, {"impact_read": "on"}, follow=True).content.decode()
        assert "another identity key" in answer
    assert Subject.objects.filter(external_id=ALICE).exists()


def test_a_link_alone_does_not_show_it(login, erasure):
    assert login("rita").get(identity(erasure)).status_code == 405
    assert not erasure.events.filter(step=Step.IDENTITY_SHOWN).exists()


@pytest.mark.parametrize("who", ["anna", "omar", "nora"])
def test_others_are_refused(login, erasure, who):
    response = login(who).post(identity(erasure))
    assert response.status_code == 403
    assert ALICE not in response.content.decode()


def test_a_subject_is_found_by_its_identifier_without_it_in_the_address(login, erasure):
    response = login("otto").post(reverse("admin:records_subject_find"), {"identifier": ALICE})
    subject = Subject.objects.get(external_id=ALICE)
    assert response.url == reverse("admin:records_subject_change", args=[subject.pk])


def test_an_unknown_identifier_is_not_repeated(login, erasure):
    url = reverse("admin:records_subject_find")
    response = login("otto").post(url, {"identifier": "eve@example.org"}, follow=True)
    assert "No subject has exactly this identifier" in response.content.decode()
    assert "eve@example.org" not in response.content.decode()


def test_an_auditor_cannot_look_up_identifiers(login, erasure):
    url = reverse("admin:records_subject_find")
    assert login("anna").post(url, {"identifier": ALICE}).status_code == 403
    assert login("otto").get(url).status_code == 405


def test_the_subject_page_shows_the_identifier_only_on_request(login, erasure):
    subject = Subject.objects.get(external_id=ALICE)
    url = reverse("admin:records_subject_identity", args=[subject.pk])
    assert ALICE in login("otto").post(url).content.decode()
    assert login("anna").post(url).status_code == 403
