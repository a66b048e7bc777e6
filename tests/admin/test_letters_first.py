"""Denials, parts and extensions: the reviewer reads what the person will read, then decides."""

import pytest

from compliance.erasure.models import Answer, ErasureRequest, Outcome
from compliance.erasure.states import State
from compliance.jobs.models import OutboxMessage
from compliance.records.models import Interaction, Subject
from compliance.records.scope import Scope
from compliance.sealing import seal, unseal
from tests.admin.acting import DENIAL, PART, WORDS, at, do, state_of, step, text_of
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def reachable(plan) -> ErasureRequest:
    Subject.objects.filter(external_id=ALICE).update(contact=seal("alice@example.org"))
    return make_request()


def mail_text(topic: str) -> str:
    return unseal(OutboxMessage.objects.get(topic=topic).payload).decode()


def test_a_denial_shows_the_whole_letter_before_it_is_sent(login, reachable):
    rita = login("rita")
    response = rita.post(step(reachable, "deny"), DENIAL)
    html = text_of(response)
    for words in (WORDS, "Article 17(3)(e)", "supervisory authority", "judicial remedy"):
        assert words in html
    assert state_of(reachable) is State.IN_REVIEW
    do(rita, reachable, "deny")
    assert state_of(reachable) is State.DENIED
    shown = response.context["letter"].text.split("(the person")[0]
    sent = mail_text("erasure.denied").encode().decode("unicode_escape")
    assert shown in sent


def test_the_words_can_be_changed_after_reading_the_letter(login, erasure):
    response = login("rita").post(step(erasure, "deny"), DENIAL | {"stage": "edit"})
    assert WORDS in response.context["form"]["text"].value()
    assert response.context["letter"] is None
    assert state_of(erasure) is State.IN_REVIEW


@pytest.mark.parametrize("stage", ["", "look", "do"])
@pytest.mark.parametrize(
    "form", [{"text": " "}, {"article": "17(9)"}, {"article": ""}, {"text": "x" * 4001}]
)
def test_a_denial_needs_an_article_and_reasons(login, erasure, stage, form):
    response = login("otto").post(step(erasure, "deny"), DENIAL | form | {"stage": stage})
    assert response.context["form"].errors
    assert state_of(erasure) is State.IN_REVIEW


def test_a_denial_keeps_the_reasons_on_the_page_and_erases_nothing(login, erasure):
    before = Interaction.objects.count()
    html = text_of(do(login("otto"), erasure, "deny"))
    assert "Denied. Nothing was erased" in html
    assert WORDS in html
    assert "17(3)(e) legal claims" in html
    assert Interaction.objects.count() == before


def test_a_part_is_approved_by_its_own_impact_and_the_rest_refused(login, reachable):
    rita = login("rita")
    whole = rita.get(step(reachable, "approve-part"))
    assert "<code>i-1</code>" in text_of(whole)
    looked = rita.post(step(reachable, "approve-part"), PART)
    assert dict(looked.context["facts"])["Records erased"] == 1
    assert looked.context["impact"].digest != whole.context["impact"].digest
    assert WORDS in text_of(looked)
    html = text_of(do(rita, reachable, "approve-part"))
    assert "Approved in part" in html
    assert WORDS in html
    reachable.refresh_from_db()
    assert reachable.outcome == Outcome.PARTIAL
    left = Interaction.objects.filter(subject__external_id=ALICE)
    assert set(left.values_list("item__external_id", flat=True)) == {"i-0", "i-2", "i-3"}
    assert Answer.objects.get().request == reachable


def test_the_digest_of_all_does_not_approve_a_part(login, erasure):
    rita = login("rita")
    whole = rita.get(step(erasure, "approve")).context["impact"].digest
    form = PART | {"stage": "do", "digest": whole}
    response = rita.post(step(erasure, "approve-part"), form)
    assert "has changed since the preview: scope" in text_of(response)
    assert response.context["impact"].digest != whole
    assert state_of(erasure) is State.IN_REVIEW


def test_a_part_lies_within_what_is_asked_for(login, plan):
    request = make_request(scope=Scope(items=frozenset({"i-1"})))
    html = text_of(do(login("rita"), request, "approve-part"))
    assert "less than all of it" in html
    assert state_of(request) is State.IN_REVIEW


def test_an_extension_is_in_force_once_its_mail_has_gone(login, reachable):
    rita, was = login("rita"), reachable.due_on
    form = {"reasons": "Many requests."}
    looked = rita.post(step(reachable, "extend"), form)
    assert "Many requests." in looked.context["letter"].text
    html = text_of(rita.post(step(reachable, "extend"), form | {"stage": "do"}, follow=True))
    assert "Not in force: the person has not been told yet" in html
    assert "Many requests." in mail_text("erasure.extension")
    reachable.refresh_from_db()
    assert reachable.due_on == was
    html = text_of(do(rita, reachable, "confirm-extension"))
    assert "In force since" in html
    reachable.refresh_from_db()
    assert (reachable.due_on - was).days > 50


def test_without_an_address_the_person_has_to_be_told_otherwise(login, erasure):
    rita, was = login("rita"), erasure.due_on
    html = text_of(rita.post(step(erasure, "extend"), {"reasons": "Many.", "stage": "do"}))
    assert "There is no mail address" in html
    do(rita, erasure, "extend", {"reasons": "Many.", "told": "on"})
    erasure.refresh_from_db()
    assert erasure.due_on > was


def test_a_pause_stops_approvals_and_its_days_are_shown(login, erasure):
    rita = login("rita")
    html = text_of(do(rita, erasure, "pause"))
    assert "Due without pauses" in html
    assert "confirm the identity" in html
    answer = text_of(do(rita, erasure, "approve"))
    assert "the last step was “Clock paused” by rita" in answer
    assert state_of(erasure) is State.IN_REVIEW
    do(rita, erasure, "resume-clock")
    erasure.refresh_from_db()
    assert erasure.paused_on is None
    assert "paused since" not in text_of(rita.get(at(erasure)))
