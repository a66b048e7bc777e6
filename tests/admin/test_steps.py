"""What a reviewer can do with a request, and what becomes of those who come too late."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from compliance.erasure import admin_steps
from compliance.erasure.admin_page import impact_facts, impact_of
from compliance.erasure.following import request_fail
from compliance.erasure.services import request_approve, request_cancel
from compliance.erasure.states import State
from compliance.records.models import Interaction, Subject
from compliance.records.scope import Scope
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db
READ = {"impact_read": "on"}
ALL_STEPS = sorted(admin_steps.STEPS)


def step(request, name):
    return reverse("admin:erasure_erasurerequest_step", args=[request.pk, name])


def login_as(name):
    return User.objects.get(username=name)


def page(request):
    return reverse("admin:erasure_erasurerequest_change", args=[request.pk])


def state_of(request):
    request.refresh_from_db()
    return request.status


def test_approval_erases_and_says_so(login, erasure):
    response = login("rita").post(step(erasure, "approve"), READ, follow=True)
    assert "The records are erased" in response.content.decode()
    assert state_of(erasure) is State.APPROVED
    assert not Subject.objects.filter(external_id=ALICE).exists()
    assert erasure.events.last().actor.startswith("user:")


def test_approval_needs_the_impact_to_be_read(login, erasure):
    response = login("rita").post(step(erasure, "approve"), {})
    assert "Read the impact above" in response.content.decode()
    assert state_of(erasure) is State.IN_REVIEW


def test_the_question_shows_the_impact(login, erasure):
    html = login("rita").get(step(erasure, "approve")).content.decode()
    assert "deleted at once and irrevocably" in html
    assert "Records erased" in html
    assert "Shard" in html


def test_the_question_counts_what_is_in_scope(login, plan):
    scope = Scope(items=frozenset({"i-1"}))
    html = login("rita").get(step(make_request(scope=scope), "approve")).content.decode()
    assert "Prompts removed or cut anew" in html
    facts = dict(impact_facts(impact_of(make_request(scope=scope), login_as("rita"))))
    assert (facts["Records erased"], facts["Prompts removed or cut anew"]) == (1, 3)
    nothing = Scope(items=frozenset({"never seen"}))
    facts = dict(impact_facts(impact_of(make_request(scope=nothing), login_as("rita"))))
    assert facts["Records erased"] == facts["Prompts removed or cut anew"] == 0
    assert facts["What learned from them"] == "No adapter has learned from this subject"


def test_denial_needs_a_reason(login, erasure):
    response = login("otto").post(step(erasure, "deny"), {"reason": " "})
    assert "A refusal needs a reason" in response.content.decode()
    assert state_of(erasure) is State.IN_REVIEW


def test_denial_keeps_the_reason_and_erases_nothing(login, erasure):
    before = Interaction.objects.count()
    response = login("otto").post(step(erasure, "deny"), {"reason": "Art. 17(3)(b)"}, follow=True)
    assert "Art. 17(3)(b)" in response.content.decode()
    assert state_of(erasure) is State.DENIED
    assert Interaction.objects.count() == before


def test_cancelling_ends_the_request(login, erasure):
    login("rita").post(step(erasure, "cancel"))
    assert state_of(erasure) is State.CANCELLED


def test_confirming_the_identity_opens_the_review(login, plan):
    request = make_request(checked=False)
    login("rita").post(step(request, "confirm-identity"))
    assert state_of(request) is State.IN_REVIEW


def test_a_failed_request_is_resumed(login, erasure):
    request_approve(request_id=erasure.pk, actor="system:test")
    request_fail(request_id=erasure.pk, note="The disk was full.")
    login("rita").post(step(erasure, "resume"))
    assert state_of(erasure) in {State.RETRAINING, State.VERIFYING}


def test_asking_does_nothing(login, erasure):
    before, rita = erasure.events.count(), login("rita")
    for name in ALL_STEPS:
        rita.get(step(erasure, name))
    assert erasure.events.count() == before
    assert state_of(erasure) is State.IN_REVIEW


@pytest.mark.parametrize("who", ["anna", "omar", "nora"])
def test_other_roles_are_refused(login, erasure, who):
    browser, form = login(who), READ | {"reason": "none"}
    for name in ALL_STEPS:
        assert browser.post(step(erasure, name), form).status_code == 403
        assert browser.get(step(erasure, name)).status_code == 403
    assert state_of(erasure) is State.IN_REVIEW


def test_the_second_reviewer_is_told(login, erasure):
    request_cancel(request_id=erasure.pk, actor="system:test")
    response = login("rita").post(step(erasure, "approve"), READ, follow=True)
    assert "not possible any more" in response.content.decode()
    assert state_of(erasure) is State.CANCELLED


def test_the_loser_of_a_race_is_told(login, erasure, monkeypatch):
    """The other reviewer wins between this one's look at the state and the service's lock."""
    rita = login("rita")
    real = admin_steps.request_approve

    def overtaken(**arguments):
        request_cancel(request_id=erasure.pk, actor="system:test")
        return real(**arguments)

    monkeypatch.setattr(admin_steps, "request_approve", overtaken)
    response = rita.post(step(erasure, "approve"), READ, follow=True)
    assert "not possible any more" in response.content.decode()
    assert Subject.objects.filter(external_id=ALICE).exists()


def test_buttons_stand_only_where_the_state_allows(login, erasure):
    rita = login("rita")
    assert step(erasure, "approve") in rita.get(page(erasure)).content.decode()
    request_cancel(request_id=erasure.pk, actor="system:test")
    html = rita.get(page(erasure)).content.decode()
    assert not any(step(erasure, name) in html for name in ALL_STEPS)


def test_an_auditor_sees_no_button_and_no_impact(login, erasure):
    html = login("anna").get(page(erasure)).content.decode()
    assert not any(step(erasure, name) in html for name in ALL_STEPS)
    assert "Records erased" not in html


def test_unknown_steps_and_requests_are_not_found(login, erasure):
    rita = login("rita")
    assert rita.get(step(erasure, "explode")).status_code == 404
    missing = reverse("admin:erasure_erasurerequest_step", args=[uuid.uuid4(), "approve"])
    assert rita.post(missing, READ).status_code == 404


def test_a_post_without_the_token_is_refused(login, erasure):
    rita = login("rita")
    rita.handler.enforce_csrf_checks = True
    assert rita.post(step(erasure, "cancel")).status_code == 403
    assert state_of(erasure) is State.IN_REVIEW
