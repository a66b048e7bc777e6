"""A comment that is sent twice stands once, wherever it is sent from."""

import uuid

import pytest

from compliance.erasure.models import Comment, Step
from compliance.erasure.services import comment_add
from compliance.erasure.services.handling import OtherCommentError
from tests.admin.acting import at, text_of
from tests.admin.conftest import make_request
from tests.api.cases import URL
from tests.api.conftest import Caller
from tests.erasure.conftest import OTTO, RITA, ask
from tests.races.race import race
from tests.recommendations.world import make_client

TEXT = "She called on Monday."


@pytest.fixture
def portal(db: None) -> Caller:
    return Caller(*make_client("erasure:decide", name="portal"))


@pytest.mark.django_db
def test_the_same_number_again_is_the_comment_that_is_there():
    request, number = ask(), uuid.uuid4()
    first, is_new = comment_add(request_id=request.pk, actor=RITA, text=TEXT, number=number)
    assert is_new
    again = comment_add(request_id=request.pk, actor=RITA, text=f" {TEXT}\n", number=number)
    assert again == (first, False)
    assert request.events.filter(step=Step.COMMENTED).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("actor", "text"), [(RITA, "He called."), (OTTO, TEXT)])
def test_a_number_of_another_comment_is_refused(actor, text):
    request, number = ask(), uuid.uuid4()
    comment_add(request_id=request.pk, actor=RITA, text=TEXT, number=number)
    with pytest.raises(OtherCommentError):
        comment_add(request_id=request.pk, actor=actor, text=text, number=number)
    assert Comment.objects.count() == 1


@pytest.mark.django_db
def test_the_same_words_can_be_said_twice():
    request = ask()
    for _ in range(2):
        comment_add(request_id=request.pk, actor=RITA, text=TEXT)
    assert Comment.objects.count() == 2


def test_a_form_that_is_sent_twice_is_one_comment(login, erasure):
    rita = login("rita")
    page = rita.get(at(erasure))
    number = page.context["comment_form"]["number"].value()
    assert f'name="number" value="{number}"' in text_of(page)
    sent = {"text": TEXT, "number": number}
    for _ in range(2):
        assert "The comment is added" in text_of(
            rita.post(at(erasure, "comment"), sent, follow=True)
        )
    assert Comment.objects.count() == 1
    html = text_of(rita.post(at(erasure, "comment"), sent | {"text": "He called."}, follow=True))
    assert "sent already, with other words" in html
    assert Comment.objects.count() == 1


def test_a_call_that_broke_off_is_made_again(portal: Caller) -> None:
    path = f"{URL}/{make_request().pk}/comments"
    body = {"text": TEXT, "id": str(uuid.uuid4())}
    first, again = portal.post(path, body), portal.post(path, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["id"] == body["id"]
    other = portal.post(path, body | {"text": "He called."})
    assert other.status_code == 409
    assert len(portal.get(path).json()) == 1


def test_two_clicks_at_once_make_one_comment(committed_db: None) -> None:
    request = ask()
    for _ in range(20):
        number = uuid.uuid4()
        sides = race(
            *[
                lambda: comment_add(
                    request_id=request.pk,
                    actor=RITA,
                    text=TEXT,
                    number=number,  # noqa: B023
                )
            ]
            * 2
        )
        assert [side.error for side in sides] == [None, None]
        assert sorted(side.result[1] for side in sides) == [False, True]
        assert Comment.objects.filter(number=number).count() == 1
