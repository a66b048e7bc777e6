"""What a reviewer can do with a request, and what becomes of those who come too late."""

import uuid
from dataclasses import replace

import pytest
from django.urls import reverse

from compliance.erasure.admin import steps
from compliance.erasure.following import request_fail
from compliance.erasure.models import PauseKind
from compliance.erasure.services import request_cancel, request_extend, request_pause
from compliance.erasure.states import State
from compliance.records.models import Interaction, Item, Subject
from compliance.records.scope import Scope
from compliance.sealing import seal
from tests.admin.acting import FORMS, at, do, state_of, step, text_of
from tests.admin.conftest import ALICE, START, make_request
from tests.approving import approve

pytestmark = pytest.mark.django_db
ALL_STEPS = sorted(steps.STEPS)


def ready_for(name, plan):
    """Return a request with which this step is possible."""
    if name == "confirm-extension":
        Subject.objects.filter(external_id=ALICE).update(contact=seal("alice@example.org"))
    request = make_request(checked=name != "confirm-identity")
    if name == "confirm-extension":
        request_extend(request_id=request.pk, actor="user:1", reasons="Many.")
    if name == "person-told":
        request_cancel(request_id=request.pk, actor="user:1")
    if name == "resume-clock":
        request_pause(request_id=request.pk, actor="user:1", kind=PauseKind.IDENTITY)
    if name == "resume":
        approve(request)
        request_fail(request_id=request.pk, note="The disk was full.")
    return request


def test_approval_erases_and_says_so(login, erasure):
    assert "The records are erased" in text_of(do(login("rita"), erasure, "approve"))
    assert state_of(erasure) is State.APPROVED
    assert not Subject.objects.filter(external_id=ALICE).exists()
    assert erasure.events.last().actor.startswith("user:")


def test_approval_needs_the_impact_to_be_read(login, erasure):
    assert "Read the impact above" in text_of(do(login("rita"), erasure, "approve", {}))
    assert state_of(erasure) is State.IN_REVIEW


def test_the_question_shows_the_impact(login, erasure):
    html = text_of(login("rita").get(step(erasure, "approve")))
    assert "deleted at once and irrevocably" in html
    for fact in ("Records erased", "Shard", "Until it is proven", "Quality meanwhile", "sha256:"):
        assert fact in html


def test_the_question_counts_what_is_in_scope(login, plan):
    rita = login("rita")
    request = make_request(scope=Scope(items=frozenset({"i-1"})))
    facts = dict(rita.get(step(request, "approve")).context["facts"])
    assert (facts["Records erased"], facts["Prompts removed or cut anew"]) == (1, 3)
    nothing = make_request(scope=Scope(items=frozenset({"never seen"})))
    response = rita.get(step(nothing, "approve"))
    facts = dict(response.context["facts"])
    assert facts["Records erased"] == facts["Prompts removed or cut anew"] == 0
    assert facts["What learned from them"] == "No adapter has learned from this subject"
    assert "There are no records of this subject" in text_of(response)


def test_nothing_is_counted_before_the_identity_is_shown(login, plan):
    rita = login("rita")
    pages = [
        text_of(rita.get(at(make_request(checked=False, subject=subject))))
        for subject in (ALICE, "nobody")
    ]
    for page in pages:
        assert "Records erased" not in page
        assert "Digest of this preview" not in page
    assert "Records erased" in text_of(rita.get(at(make_request())))


def test_a_changed_impact_is_refused_and_the_new_one_is_shown(login, erasure):
    rita = login("rita")
    was = rita.get(step(erasure, "approve")).context["impact"].digest
    Interaction.objects.create(
        subject=Subject.objects.get(external_id=ALICE),
        item=Item.objects.create(external_id="i-9", title="Nine"),
        rating=1,
        occurred_at=START,
    )
    response = rita.post(step(erasure, "approve"), FORMS["approve"] | {"digest": was})
    assert "has changed since the preview: records" in text_of(response)
    assert dict(response.context["facts"])["Records erased"] == 5
    assert response.context["impact"].digest != was
    assert not response.context["form"].is_bound
    assert state_of(erasure) is State.IN_REVIEW


@pytest.mark.parametrize("digest", ["", "sha256:" + "0" * 64, "nonsense"])
def test_an_approval_of_something_else_is_refused(login, erasure, digest):
    form = FORMS["approve"] | {"digest": digest}
    assert "Nothing was erased" in text_of(login("rita").post(step(erasure, "approve"), form))
    assert state_of(erasure) is State.IN_REVIEW


def test_cancelling_ends_the_request(login, erasure):
    do(login("rita"), erasure, "cancel")
    assert state_of(erasure) is State.CANCELLED


def test_confirming_the_identity_opens_the_review(login, plan):
    request = make_request(checked=False)
    do(login("rita"), request, "confirm-identity")
    assert state_of(request) is State.IN_REVIEW


def test_a_failed_request_is_resumed(login, plan):
    request = ready_for("resume", plan)
    do(login("rita"), request, "resume")
    assert state_of(request) in {State.RETRAINING, State.VERIFYING}


@pytest.mark.parametrize("name", ALL_STEPS)
def test_asking_does_nothing(login, plan, name):
    request = ready_for(name, plan)
    before, state = request.events.count(), state_of(request)
    assert login("rita").get(step(request, name)).status_code == 200
    assert request.events.count() == before
    assert state_of(request) is state


@pytest.mark.parametrize("name", ALL_STEPS)
def test_other_roles_are_refused(login, plan, name):
    request = ready_for(name, plan)
    before, form = request.events.count(), FORMS[name] | {"stage": "do"}
    for who in ("anna", "omar", "nora"):
        browser = login(who)
        assert browser.post(step(request, name), form).status_code == 403
        assert browser.get(step(request, name)).status_code == 403
    assert request.events.count() == before


@pytest.mark.parametrize("name", ALL_STEPS)
def test_every_step_sent_twice_is_done_once(login, plan, name):
    request, rita = ready_for(name, plan), login("rita")
    looked = rita.get(step(request, name)).context
    if looked.get("has_letter"):
        looked = rita.post(step(request, name), FORMS[name]).context
    digest = looked["impact"].digest if looked.get("impact") else ""
    form = FORMS[name] | {"stage": "do", "digest": digest}
    rita.post(step(request, name), form)
    done = request.events.count()
    answer = text_of(rita.post(step(request, name), form, follow=True))
    if name == "assign":  # the same again, and that is noted
        return
    assert request.events.count() == done
    assert "not possible any more" in answer
    assert "by rita" in answer


@pytest.mark.parametrize("name", sorted({*ALL_STEPS} - {"resume", "assign", "person-told"}))
def test_the_loser_of_a_race_is_told_who_won(login, plan, name, monkeypatch):
    """The other reviewer wins between this one's look at the state and the service's lock."""
    request, rita = ready_for(name, plan), login("rita")
    otto = login("otto").get("/admin/").wsgi_request.user
    real = steps.STEPS[name]

    def overtaken(pk, actor, form):
        request_cancel(request_id=pk, actor=f"user:{otto.pk}")
        return real.run(pk, actor, form)

    monkeypatch.setitem(steps.STEPS, name, replace(real, run=overtaken))
    answer = text_of(do(rita, request, name))
    assert state_of(request) is State.CANCELLED
    if name == "confirm-extension":  # a told extension of an ended request changes nothing
        return
    assert "not possible any more: the last step was" in answer
    assert "by otto" in answer
    assert Subject.objects.filter(external_id=ALICE).exists()


def test_the_second_reviewer_is_told(login, erasure):
    request_cancel(request_id=erasure.pk, actor="system:test")
    answer = text_of(do(login("rita"), erasure, "approve"))
    assert "“Approve” is not possible any more" in answer
    assert "by test" in answer


def test_buttons_stand_only_where_the_state_allows(login, erasure):
    rita = login("rita")
    html = text_of(rita.get(at(erasure)))
    possible = {name for name in ALL_STEPS if step(erasure, name) in html}
    assert possible == {"approve", "approve-part", "deny", "extend", "pause", "assign", "cancel"}
    request_cancel(request_id=erasure.pk, actor="system:test", told=True)
    html = text_of(rita.get(at(erasure)))
    assert not any(step(erasure, name) in html for name in ALL_STEPS)
    assert at(erasure, "reopen") in html


def test_an_auditor_sees_no_button_and_no_impact(login, erasure):
    html = text_of(login("anna").get(at(erasure)))
    assert not any(step(erasure, name) in html for name in ALL_STEPS)
    assert at(erasure, "take") not in html
    assert "Records erased" not in html


def test_unknown_steps_and_requests_are_not_found(login, erasure):
    rita = login("rita")
    assert rita.get(step(erasure, "explode")).status_code == 404
    missing = reverse("admin:erasure_erasurerequest_step", args=[uuid.uuid4(), "approve"])
    assert rita.post(missing, FORMS["approve"]).status_code == 404


@pytest.mark.parametrize("name", ["identity", "comment", "take", "reopen"])
def test_a_post_without_the_token_is_refused(login, erasure, name):
    rita = login("rita")
    rita.handler.enforce_csrf_checks = True
    before = erasure.events.count()
    assert rita.post(at(erasure, name), {"text": "Hello."}).status_code == 403
    assert rita.post(step(erasure, "cancel")).status_code == 403
    assert erasure.events.count() == before
