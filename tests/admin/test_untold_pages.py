"""A restriction that stands because nobody has told the person: where it is seen, what to do."""

import pytest
from django.db import transaction
from django.urls import reverse

from compliance.erasure.models import ErasureRequest, Refusal, Step
from compliance.erasure.services import person_told, request_cancel, request_deny
from compliance.jobs.models import MessageState, OutboxMessage, Outcome
from compliance.jobs.outbox import message_mark_failed
from compliance.records.models import Restriction, Subject
from compliance.sealing import seal
from tests.admin.acting import DENIAL, QUEUE, at, do, step, text_of
from tests.admin.conftest import ALICE, make_request

pytestmark = pytest.mark.django_db
RESTRICTIONS = "/admin/records/restriction/"
HINT = "The records stay restricted until the person has been told: Art. 18(3)."


@pytest.fixture
def untold(erasure) -> ErasureRequest:
    """Denied without an address; another request is open."""
    make_request(subject="other-1")
    return request_deny(
        request_id=erasure.pk, actor="user:1", article=Refusal.LEGAL_CLAIMS, text="No."
    )


@pytest.fixture
def mailed(plan) -> ErasureRequest:
    """Denied by a mail that waits."""
    Subject.objects.filter(external_id=ALICE).update(contact=seal("alice@example.org"))
    return request_deny(
        request_id=make_request().pk, actor="user:1", article=Refusal.LEGAL_CLAIMS, text="No."
    )


def is_restricted(request: ErasureRequest) -> bool:
    return Restriction.objects.filter(request_id=request.pk).exists()


def test_the_page_says_that_no_mail_was_sent_and_what_to_do(login, untold):
    html = text_of(login("rita").get(at(untold)))
    assert HINT in html
    assert "No mail was sent" in html
    assert "“The person was told”" in html
    assert step(untold, "person-told") in html
    assert at(untold, "reopen") in html


def test_the_page_names_what_became_of_the_mail(login, mailed):
    rita = login("rita")
    assert "The mail has not been delivered yet" in text_of(rita.get(at(mailed)))
    message = OutboxMessage.objects.get(topic="erasure.denied")
    with transaction.atomic():
        message_mark_failed(message, outcome=Outcome.REJECTED, final=True)
    assert is_restricted(mailed)
    assert "it is a dead letter" in text_of(rita.get(at(mailed)))
    OutboxMessage.objects.update(state=MessageState.CANCELLED, payload=None)
    assert "has been given up" in text_of(rita.get(at(mailed)))


def test_the_button_ends_the_restriction_and_goes(login, untold):
    rita = login("rita")
    html = text_of(do(rita, untold, "person-told"))
    assert "The restriction of the records has ended" in html
    assert HINT not in html
    assert step(untold, "person-told") not in html
    assert not is_restricted(untold)
    assert untold.events.filter(step=Step.PERSON_TOLD).count() == 1


def test_of_two_reviewers_the_second_changes_nothing(login, untold):
    person_told(request_id=untold.pk, actor="user:1")
    html = text_of(do(login("rita"), untold, "person-told"))
    assert "not possible any more" in html
    assert untold.events.filter(step=Step.PERSON_TOLD).count() == 1


def test_an_open_request_has_neither_hint_nor_button(login, erasure):
    html = text_of(login("rita").get(at(erasure)))
    assert HINT not in html
    assert step(erasure, "person-told") not in html


def test_whom_to_tell_is_shown_until_the_person_is_told(login, untold):
    rita = login("rita")
    assert "Show identifier" in text_of(rita.get(at(untold)))
    assert ALICE in text_of(rita.post(at(untold, "identity")))
    person_told(request_id=untold.pk, actor="user:1")
    assert "Show identifier" not in text_of(rita.get(at(untold)))
    assert ALICE not in text_of(rita.post(at(untold, "identity"), follow=True))


def test_the_list_of_restrictions_says_which_and_can_be_narrowed_to_them(login, untold):
    anna = login("anna")
    assert text_of(anna.get(RESTRICTIONS)).count("/change/") == 2
    html = text_of(anna.get(RESTRICTIONS, {"told": "no"}))
    assert at(untold) in html
    assert html.count("/change/") == 1
    assert "Not told yet" in html.split("/change/")[1]


def test_the_overview_counts_them_and_leads_to_them(login, untold):
    rita = login("rita")
    (figure,) = (
        one for one in rita.get("/admin/").context["figures"] if one.title == "Person not told yet"
    )
    assert figure.number == 1
    html = text_of(rita.get(figure.link))
    assert str(untold.pk) in html
    assert ErasureRequest.objects.exclude(pk=untold.pk).get().pk.hex not in html
    assert figure.link == f"{reverse(QUEUE)}?restricted=untold"


@pytest.mark.parametrize(("name", "form"), [("deny", DENIAL), ("cancel", {})])
def test_who_has_told_the_person_says_so_with_the_decision(login, erasure, name, form):
    do(login("rita"), erasure, name, form | {"told": "on"})
    assert not is_restricted(erasure)
    assert not OutboxMessage.objects.exists()
    assert erasure.events.filter(step=Step.PERSON_TOLD).exists()


@pytest.mark.parametrize(("name", "form"), [("deny", DENIAL), ("cancel", {})])
def test_who_has_not_lets_the_restriction_stand(login, erasure, name, form):
    assert "No mail address of this person is known" in text_of(
        login("rita").get(step(erasure, name))
    )
    assert HINT in text_of(do(login("rita"), erasure, name, form))
    assert is_restricted(erasure)


def test_a_part_is_not_asked_whether_the_person_was_told(login, erasure):
    assert 'name="told"' not in text_of(login("rita").get(step(erasure, "approve-part")))


def test_a_cancelled_request_is_found_too(login, erasure):
    request_cancel(request_id=erasure.pk, actor="user:1")
    assert list(ErasureRequest.objects.untold()) == [erasure]
