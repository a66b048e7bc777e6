"""Who looks after a request, comments, and approvals that take two persons."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from compliance.erasure.models import Comment
from compliance.erasure.services import comment_add, request_cancel
from compliance.erasure.states import State
from compliance.records.models import Interaction, Item, Subject
from tests.admin.acting import at, do, state_of, text_of
from tests.admin.conftest import ALICE, START, make_request
from tests.approving import approve

pytestmark = pytest.mark.django_db
SECRET = "Alice called on Monday."


def test_a_reviewer_takes_a_request_on(login, erasure):
    html = text_of(login("rita").post(at(erasure, "take"), follow=True))
    assert "You look after this request now" in html
    assert "rita looks after it" in html
    assert "Assigned</strong> by rita<br>to rita" in html
    assert at(erasure, "take") not in html


def test_of_two_who_take_it_on_the_first_keeps_it(login, erasure):
    login("rita").post(at(erasure, "take"))
    html = text_of(login("otto").post(at(erasure, "take"), follow=True))
    assert "rita looks after this request already" in html
    erasure.refresh_from_db()
    assert erasure.assignee.username == "rita"


def test_a_request_is_handed_over_and_given_back(login, erasure):
    rita = login("rita")
    login("otto")
    otto = User.objects.get(username="otto")
    assert "otto looks after it" in text_of(do(rita, erasure, "assign", {"assignee": otto.pk}))
    assert "Nobody looks after it" in text_of(do(rita, erasure, "assign", {"assignee": ""}))


def test_it_is_given_to_nobody_who_may_not_decide(login, erasure):
    login("anna")
    anna = User.objects.get(username="anna")
    response = do(login("rita"), erasure, "assign", {"assignee": anna.pk})
    assert "valid choice" in text_of(response)
    erasure.refresh_from_db()
    assert erasure.assignee is None


def test_an_ended_request_is_looked_after_by_nobody(login, erasure):
    request_cancel(request_id=erasure.pk, actor="system:test")
    rita = login("rita")
    assert at(erasure, "take") not in text_of(rita.get(at(erasure)))
    html = text_of(rita.post(at(erasure, "take"), follow=True))
    assert "nobody needs to look after it" in html


def test_a_comment_is_read_by_colleagues_and_stands_encrypted(login, erasure):
    html = text_of(
        login("rita").post(at(erasure, "comment"), {"text": SECRET, "number": uuid4()}, follow=True)
    )
    assert "The comment is added" in html
    assert SECRET in text_of(login("anna").get(at(erasure)))
    assert SECRET.encode() not in bytes(Comment.objects.get().text)
    assert SECRET not in str(list(erasure.events.values()))


def test_an_empty_comment_is_refused_on_the_page(login, erasure):
    assert "Write the comment" in text_of(
        login("rita").post(at(erasure, "comment"), {"text": " ", "number": uuid4()})
    )
    assert not Comment.objects.exists()


def test_comments_are_escaped(login, erasure):
    comment_add(request_id=erasure.pk, actor="user:1", text="<script>alert(1)</script>")
    assert "<script>alert" not in text_of(login("rita").get(at(erasure)))


def test_others_neither_comment_nor_take_on(login, erasure):
    for who in ("anna", "omar", "nora"):
        browser = login(who)
        assert browser.post(at(erasure, "comment"), {"text": "Hello."}).status_code == 403
        assert browser.post(at(erasure, "take")).status_code == 403
    assert login("rita").get(at(erasure, "comment")).status_code == 405
    assert not Comment.objects.exists()


def test_two_persons_approve_and_the_page_says_who_is_missing(login, erasure, settings):
    settings.FOUR_EYES = True
    rita, otto = login("rita"), login("otto")
    assert "two persons" in text_of(rita.get(at(erasure)))
    html = text_of(do(rita, erasure, "approve"))
    assert "Nothing is erased before a second person approves" in html
    assert "Approved by rita" in html
    assert "one more person" in html
    assert state_of(erasure) is State.IN_REVIEW
    assert "Ask somebody else" in text_of(do(rita, erasure, "approve"))
    assert "The records are erased" in text_of(do(otto, erasure, "approve"))
    assert state_of(erasure) is not State.IN_REVIEW


def test_an_endorsement_of_another_impact_counts_no_more(login, erasure, settings):
    settings.FOUR_EYES = True
    do(login("rita"), erasure, "approve")
    Interaction.objects.create(
        subject=Subject.objects.get(external_id=ALICE),
        item=Item.objects.create(external_id="i-9", title="Nine"),
        rating=1,
        occurred_at=START,
    )
    html = text_of(login("otto").get(at(erasure)))
    assert "it counts no more" in html
    assert "two persons" in html
    do(login("otto"), erasure, "approve")
    assert state_of(erasure) is State.IN_REVIEW


def test_a_finished_approval_names_its_outcome(login, plan):
    request = make_request()
    approve(request)
    assert "All that was asked for" in text_of(login("rita").get(at(request)))
